"""A lock that lasts as long as a transaction, whoever pools the connections."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from worker.infra.db.advisory_locks import AdvisoryLock

_LET_IT_BE_IDLE = text(
    """
    SELECT set_config(name, CASE name WHEN 'transaction_timeout' THEN '0' ELSE :idle END, true)
    FROM pg_settings WHERE name IN ('idle_in_transaction_session_timeout', 'transaction_timeout')
    """
)
"""`transaction_timeout` exists since PostgreSQL 17, and cannot be extended within a transaction."""


@asynccontextmanager
async def try_transaction_lock(
    engine: AsyncEngine, lock: AdvisoryLock, seconds: float
) -> AsyncIterator[bool]:
    """Whether the lock is ours for the block, which must end within so many seconds.

    The transaction is idle meanwhile; it holds no snapshot that would keep a vacuum from its work.
    """
    async with engine.begin() as connection:
        await connection.execute(_LET_IT_BE_IDLE, {"idle": f"{seconds:g}s"})
        taken = await connection.execute(select(func.pg_try_advisory_xact_lock(lock.value)))
        yield bool(taken.scalar_one())
