from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Text,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from worker.domain.value_objects.job import JobKind, JobLetterState, JobState
from worker.infra.db.base import Base
from worker.infra.db.models.columns import Key, StoredAt
from worker.infra.db.models.dead_letter_audit import DeadLetterAuditModel

_KINDS, _STATES, _LETTER_STATES = (
    ", ".join(f"'{name}'" for name in names) for names in (JobKind, JobState, JobLetterState)
)


class JobModel(Base):
    """A replay or a discard; at most one has not ended.

    `process` is the `host:pid` that ran it last, `choice` and `options` are what was asked for,
    `report` what its canary found. `step` is a `JobStep`, or empty; `runs_in_vain` counts the runs
    that began since the last progress. `fetched_at` is when the letters of a discard were last
    written to a file.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint(f"kind IN ({_KINDS})", name="kind_known"),
        CheckConstraint(f"state IN ({_STATES})", name="state_known"),
        Index(
            "ix_jobs_one_at_a_time",
            text("(ended_at IS NULL)"),
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    choice: Mapped[dict[str, Any]] = mapped_column(JSONB)
    options: Mapped[dict[str, Any]] = mapped_column(JSONB)
    started_by: Mapped[str] = mapped_column(Text)
    chosen: Mapped[int]
    done: Mapped[int] = mapped_column(server_default="0")
    state: Mapped[str] = mapped_column(Text, server_default=JobState.WAITING)
    why_stopped: Mapped[str] = mapped_column(Text, server_default="")
    report: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    step: Mapped[str] = mapped_column(Text, server_default="")
    runs_in_vain: Mapped[int] = mapped_column(server_default="0")
    process: Mapped[str | None] = mapped_column(Text)
    audit_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey(DeadLetterAuditModel.id))
    created_at: Mapped[StoredAt]
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    fetched_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class JobLetterModel(Base):
    """A dead letter that a job was chosen for, one row for each copy, in the order of the job.

    `code` and `replays` are those of the time of the choice; `reason` says why it failed.
    `is_ack_doubtful`: a runner died shortly after it was done, and RabbitMQ may not have its ack.
    """

    __tablename__ = "job_letters"
    __table_args__ = (CheckConstraint(f"state IN ({_LETTER_STATES})", name="state_known"),)

    job_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey(JobModel.id, ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[bytes]
    content_key: Mapped[bytes]
    handle: Mapped[Key]
    source: Mapped[Key]
    type: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(Text)
    replays: Mapped[int]
    is_vanished: Mapped[bool]
    state: Mapped[str] = mapped_column(Text, server_default=JobLetterState.WAITING)
    reason: Mapped[str] = mapped_column(Text, server_default="")
    done_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    is_ack_doubtful: Mapped[bool] = mapped_column(server_default=false())
