from sqlalchemy.orm import Mapped, mapped_column

from worker.infra.db.base import Base
from worker.infra.db.models.columns import StoredAt


class DeliveryTrialModel(Base):
    """How often a suspect message was begun alone: counted before, so that it outlives a crash."""

    __tablename__ = "delivery_trials"

    fingerprint: Mapped[bytes] = mapped_column(primary_key=True)
    trials: Mapped[int]
    last_trial_at: Mapped[StoredAt]
