from datetime import datetime

from sqlalchemy import BigInteger, DateTime, Identity, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from worker.infra.db.base import Base
from worker.infra.db.models.columns import StoredAt


class PauseModel(Base):
    """A pause of all workers, and its own audit: rows are never deleted.

    `until` is null where only an operator ends it. A pause that ended by itself has no
    `resumed_by`; one is in force before it gets `resumed_at`, but not after `until`.
    """

    __tablename__ = "pauses"
    __table_args__ = (Index("ix_pauses_open", "id", postgresql_where=text("resumed_at IS NULL")),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    reason: Mapped[str] = mapped_column(Text)
    paused_by: Mapped[str] = mapped_column(Text)
    paused_at: Mapped[StoredAt]
    until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    resumed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    resumed_by: Mapped[str | None] = mapped_column(Text)
