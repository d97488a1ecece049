from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from worker.infra.db.base import Base
from worker.infra.db.models.columns import Instant, Key, StoredAt


class EarlyObservationModel(Base):
    """The newest observation about one thing of a car that is not created yet.

    `said` is JSON. `waits_since` is when the first one about this came; a newer one leaves it.
    """

    __tablename__ = "early_observations"

    car_id: Mapped[Key] = mapped_column(primary_key=True)
    about: Mapped[Key] = mapped_column(primary_key=True)
    said: Mapped[str] = mapped_column(Text)
    occurred_at: Mapped[Instant]
    source: Mapped[Key]
    message_id: Mapped[Key]
    waits_since: Mapped[StoredAt]
    updated_at: Mapped[StoredAt]
