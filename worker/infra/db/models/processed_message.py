from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from worker.infra.db.base import Base
from worker.infra.db.models.columns import Key, StoredAt


class ProcessedMessageModel(Base):
    """A message that is done; written in the transaction that handled it."""

    __tablename__ = "processed_messages"

    source: Mapped[Key] = mapped_column(primary_key=True)
    message_id: Mapped[Key] = mapped_column(primary_key=True)
    type: Mapped[str] = mapped_column(Text)
    car_id: Mapped[Key]
    outcome: Mapped[str] = mapped_column(Text)
    digest: Mapped[bytes]
    processed_at: Mapped[StoredAt] = mapped_column(index=True)
