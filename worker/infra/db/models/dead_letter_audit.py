from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from worker.infra.db.base import Base
from worker.infra.db.models.columns import Key, StoredAt


class DeadLetterAuditModel(Base):
    """A command that changed the dead letters: who gave it, on what choice, how far it came.

    `process` is `host:pid`; `finished_at` stays null while the command runs, and for good if
    it was killed.
    """

    __tablename__ = "dead_letter_audit"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    command: Mapped[str] = mapped_column(Text)
    started_by: Mapped[str] = mapped_column(Text)
    process: Mapped[str] = mapped_column(Text)
    choice: Mapped[dict[str, Any]] = mapped_column(JSONB)
    chosen: Mapped[int]
    done: Mapped[int] = mapped_column(server_default="0")
    status: Mapped[str] = mapped_column(Text, server_default="running")
    detail: Mapped[str] = mapped_column(Text, server_default="")
    started_at: Mapped[StoredAt]
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class DeadLetterAuditMessageModel(Base):
    """A message that such a command dealt with, written before the message left the queue.

    `sent_as` is the id of the edited message that took its place, null where it was not edited.
    """

    __tablename__ = "dead_letter_audit_messages"

    audit_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey(DeadLetterAuditModel.id), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[Key]
    message_id: Mapped[Key] = mapped_column(index=True)
    code: Mapped[str] = mapped_column(Text)
    sent_as: Mapped[str | None] = mapped_column(Text(collation="C"))
