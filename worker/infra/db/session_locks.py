"""Locks that last as long as a connection, and so end with their process, however it ends."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from worker.infra.db.advisory_locks import AdvisoryLock
from worker.infra.db.engine import Sessions


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock: the name of its session, its server process, and when it connected."""

    name: str
    pid: int
    since: datetime

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """From a row of `FIND_HOLDER`."""
        return cls(row.application_name or "somebody", row.pid, row.backend_start)

    def __str__(self) -> str:
        return f"{self.name} (pid {self.pid}, connected since {self.since:%Y-%m-%d %H:%M:%SZ})"


_TRY = text("SELECT pg_try_advisory_lock(:key)")
_WAIT = text("SELECT pg_advisory_lock(:key)")
_UNLOCK = text("SELECT pg_advisory_unlock(:key)")
FIND_HOLDER = text(
    """
    SELECT activity.application_name, pid, activity.backend_start
    FROM pg_locks JOIN pg_stat_activity AS activity USING (pid)
    WHERE locktype = 'advisory' AND granted AND database = (
        SELECT oid FROM pg_database WHERE datname = current_database()
    ) AND (classid::bigint << 32) | objid::bigint = :key AND objsubid = 1
    """
)


async def try_lock(connection: AsyncConnection, lock: AdvisoryLock) -> bool:
    """Takes a lock for as long as the connection lives; False if somebody else has it."""
    async with connection.begin():
        return bool((await connection.execute(_TRY, {"key": lock})).scalar())


async def find_holder(connection: AsyncConnection, lock: AdvisoryLock) -> Holder | None:
    """Who has a lock now."""
    async with connection.begin():
        row = (await connection.execute(FIND_HOLDER, {"key": lock})).first()
    return None if row is None else Holder.of(row)


async def is_held(sessions: Sessions, lock: AdvisoryLock) -> bool:
    """Whether anybody has a lock now."""
    async with sessions() as session:
        return (await session.execute(FIND_HOLDER, {"key": lock})).first() is not None


@asynccontextmanager
async def hold_lock(
    connection: AsyncConnection, lock: AdvisoryLock, on_wait: Callable[[], None]
) -> AsyncIterator[None]:
    """Waits for a lock, in the order of asking, and calls `on_wait` if it has to."""
    if not await try_lock(connection, lock):
        on_wait()
        async with connection.begin():
            await connection.execute(_WAIT, {"key": lock})
    try:
        yield
    finally:
        async with connection.begin():
            await connection.execute(_UNLOCK, {"key": lock})
