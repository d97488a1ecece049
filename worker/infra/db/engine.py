"""Connections to PostgreSQL."""

from collections.abc import Mapping
from functools import partial

import asyncpg
from sqlalchemy import ExceptionContext, event
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.pool import AsyncAdaptedQueuePool

SESSION_SETTINGS = {
    "application_name": "inventory-worker",
    "lock_timeout": "5s",
    "statement_timeout": "15s",
    "idle_in_transaction_session_timeout": "10s",
}
"""Bounds for every session of the worker: a frozen one must not hold up the others."""

CONNECT_SECONDS = 10
ANSWER_SECONDS = 20
"""When a connection that answers nothing counts as dead: above any `statement_timeout`."""

Sessions = async_sessionmaker[AsyncSession]


def create_engine(
    database_url: str,
    *,
    pool_size: int = 5,
    session_settings: Mapping[str, str] = SESSION_SETTINGS,
    answer_seconds: float | None = ANSWER_SECONDS,
) -> AsyncEngine:
    """An engine for `postgresql://user:password@host:port/database`.

    The URL goes to the driver as it stands, so that `sslmode=`, `sslrootcert=` and
    percent-encoded passwords mean what they mean to libpq. Nothing connects before the
    first statement.
    """
    connect = partial(
        asyncpg.connect,
        database_url,
        timeout=CONNECT_SECONDS,
        command_timeout=answer_seconds,
        server_settings=dict(session_settings),
    )
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=connect, pool_size=pool_size, max_overflow=0
    )
    event.listen(engine.sync_engine, "handle_error", _take_silence_for_a_lost_connection)
    return engine


def _take_silence_for_a_lost_connection(context: ExceptionContext) -> None:
    """Has SQLAlchemy drop this connection and replace the pool.

    It would try a rollback first and wait as long again, and then for each of the others.
    """
    if isinstance(context.original_exception, TimeoutError):
        context.is_disconnect = True


def create_sessions(engine: AsyncEngine) -> Sessions:
    """Makes sessions on this engine, whose objects stay readable after a commit."""
    return async_sessionmaker(engine, expire_on_commit=False, autoflush=False)


def pool_of(engine: AsyncEngine) -> AsyncAdaptedQueuePool:
    """The pool of an engine that `create_engine` made."""
    pool = engine.pool
    assert isinstance(pool, AsyncAdaptedQueuePool)
    return pool
