from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Identity, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from worker.domain.value_objects.dead_letter_state import DeadLetterState
from worker.infra.db.base import Base
from worker.infra.db.models.columns import Key, StoredAt

_STATES = ", ".join(f"'{state}'" for state in DeadLetterState)


class DeadLetterModel(Base):
    """A dead letter; written in the transaction of its batch, before its copy is published.

    `recorded_at` is when a worker last moved this letter to the queue; `settled_at` is null while
    it waits for an operator.
    """

    __tablename__ = "dead_letters"
    __table_args__ = (
        CheckConstraint(f"state IN ({_STATES})", name="state_known"),
        CheckConstraint("copies > 0", name="copies_positive"),
        Index("ix_dead_letters_open", "id", postgresql_where=text("settled_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    key: Mapped[bytes] = mapped_column(unique=True)
    content_key: Mapped[bytes] = mapped_column(index=True)
    handle: Mapped[Key] = mapped_column(index=True)
    source: Mapped[Key]
    message_id: Mapped[Key | None]
    type: Mapped[str] = mapped_column(Text)
    car_id: Mapped[str | None] = mapped_column(Text)
    code: Mapped[str] = mapped_column(Text)
    detail: Mapped[str] = mapped_column(Text)
    died_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    first_failed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    attempts: Mapped[int]
    replays: Mapped[int]
    exchange: Mapped[str] = mapped_column(Text)
    routing_key: Mapped[str] = mapped_column(Text)
    envelope: Mapped[str] = mapped_column(Text)
    body: Mapped[bytes]
    copies: Mapped[int] = mapped_column(server_default="1")
    state: Mapped[str] = mapped_column(Text, server_default=DeadLetterState.DEAD)
    recorded_at: Mapped[StoredAt]
    settled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), index=True)
