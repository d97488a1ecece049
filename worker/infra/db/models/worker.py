from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, Double, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from worker.infra.db.base import Base
from worker.infra.db.models.columns import StoredAt


class WorkerModel(Base):
    """A running worker, as it told every few seconds; one that stops in good order deletes it.

    `process` is `host:pid`; `lag_seconds` is the event lag of its last batch. Workers of former
    releases do not host jobs.
    """

    __tablename__ = "workers"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    process: Mapped[str] = mapped_column(Text)
    version: Mapped[str] = mapped_column(Text)
    started_at: Mapped[StoredAt]
    seen_at: Mapped[StoredAt]
    hosts_jobs: Mapped[bool] = mapped_column(server_default=false())
    state: Mapped[str] = mapped_column(Text)
    detail: Mapped[str] = mapped_column(Text)
    rabbitmq_node: Mapped[str | None] = mapped_column(Text)
    database_server: Mapped[str | None] = mapped_column(Text)
    in_flight: Mapped[int]
    lag_seconds: Mapped[float | None] = mapped_column(Double)
    settled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
