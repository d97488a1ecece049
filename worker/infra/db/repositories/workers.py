"""The workers on this database, each with a row that it renews every few seconds."""

from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import case, delete, exists, func, literal, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from worker.infra.db.engine import Sessions
from worker.infra.db.models import WorkerModel
from worker.infra.fleet import WorkerReport, WorkerState

_BEAT = text(
    """
    INSERT INTO workers (
        id, process, version, hosts_jobs, state, detail, rabbitmq_node, database_server,
        in_flight, lag_seconds, settled_at
    ) VALUES (
        :id, :process, :version, :hosts_jobs, :state, :detail, :rabbitmq_node,
        coalesce(host(inet_server_addr()) || ':' || inet_server_port(), 'local socket'),
        :in_flight, :lag_seconds, now() - make_interval(secs => :settled_seconds_ago)
    )
    ON CONFLICT (id) DO UPDATE SET
        seen_at = now(),
        state = excluded.state,
        detail = excluded.detail,
        rabbitmq_node = excluded.rabbitmq_node,
        database_server = excluded.database_server,
        in_flight = excluded.in_flight,
        lag_seconds = excluded.lag_seconds,
        settled_at = excluded.settled_at
    RETURNING set_config('synchronous_commit', 'off', true)
    """
)
"""Its commit waits for neither disk nor standby: the row is worth nothing after a crash."""


@dataclass(frozen=True, slots=True)
class WorkerIdentity:
    """A process; `process` is `host:pid`, which may return after a restart, `id` never does."""

    id: UUID
    process: str
    version: str
    hosts_jobs: bool = False


@dataclass(frozen=True, slots=True)
class KnownWorker:
    """A worker as it last told."""

    process: str
    version: str
    state: WorkerState
    detail: str
    rabbitmq_node: str | None
    database_server: str | None
    in_flight: int
    lag_seconds: float | None
    settled_at: datetime | None
    started_at: datetime
    seen_at: datetime


class PostgresWorkers:
    """All of them; a worker counts as silent `silent_seconds` after it was last seen."""

    def __init__(self, sessions: Sessions, silent_seconds: float) -> None:
        self._sessions = sessions
        self._silent_seconds = silent_seconds

    async def seen_within(self, seconds: float) -> list[KnownWorker]:
        """Those that run, and those that fell silent not long ago."""
        age = func.now() - WorkerModel.seen_at
        is_silent = age > func.make_interval(0, 0, 0, 0, 0, 0, self._silent_seconds)
        columns = [
            case((is_silent, literal(WorkerState.SILENT.value)), else_=WorkerModel.state)
            if name == "state"
            else getattr(WorkerModel, name)
            for name in KnownWorker.__slots__
        ]
        query = (
            select(*columns)
            .where(age < func.make_interval(0, 0, 0, 0, 0, 0, seconds))
            .order_by(WorkerModel.started_at, WorkerModel.process)
        )
        async with self._sessions() as session:
            return [KnownWorker(*row) for row in await session.execute(query)]

    async def may_host_jobs(self) -> bool:
        """Whether one runs that takes jobs; one that was just killed still counts."""
        age = func.now() - WorkerModel.seen_at
        lately = age < func.make_interval(0, 0, 0, 0, 0, 0, self._silent_seconds)
        query = select(exists().where(WorkerModel.hosts_jobs, lately))
        async with self._sessions() as session:
            return bool((await session.execute(query)).scalar_one())

    async def in_flight(self) -> int:
        """What they all hold, as they last told."""
        age = func.now() - WorkerModel.seen_at
        lately = age < func.make_interval(0, 0, 0, 0, 0, 0, self._silent_seconds)
        query = select(func.coalesce(func.sum(WorkerModel.in_flight), 0)).where(lately)
        async with self._sessions() as session:
            return int((await session.execute(query)).scalar_one())


async def beat(session: AsyncSession, worker: WorkerIdentity, report: WorkerReport) -> None:
    """Renews the row of a worker."""
    await session.execute(_BEAT, asdict(worker) | asdict(report))


async def forget(session: AsyncSession, worker: WorkerIdentity) -> None:
    """Deletes the row of a worker that stops."""
    await session.execute(delete(WorkerModel).where(WorkerModel.id == worker.id))
