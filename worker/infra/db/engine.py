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
    "transaction_timeout": "30s",
}
"""Bounds for every session of the worker: a frozen one must not hold up the others.

The last one ends what no other does: a session that waits for the second half of a statement
(prepared, never executed) is not idle, and its `statement_timeout` cannot interrupt the waiting.
Twice a statement's, and above any transaction of a database that works.
"""

CONNECT_SECONDS = 10
ANSWER_SECONDS = 20
"""When a connection that answers nothing counts as dead: above any `statement_timeout`."""

_SINCE_POSTGRESQL_17 = "transaction_timeout"

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
    connect = partial(_connect, database_url, session_settings, answer_seconds)
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=connect, pool_size=pool_size, max_overflow=0
    )
    event.listen(engine.sync_engine, "handle_error", _take_silence_for_a_lost_connection)
    return engine


async def _connect(
    database_url: str, session_settings: Mapping[str, str], answer_seconds: float | None
) -> asyncpg.Connection:
    """Connects with all the settings that this PostgreSQL knows; it lets nobody in with others."""
    connection = await asyncpg.connect(
        database_url,
        timeout=CONNECT_SECONDS,
        command_timeout=answer_seconds,
        server_settings={k: v for k, v in session_settings.items() if k != _SINCE_POSTGRESQL_17},
    )
    bound = session_settings.get(_SINCE_POSTGRESQL_17)
    if bound is not None and connection.get_server_version() >= (17,):
        await connection.execute(f"SET {_SINCE_POSTGRESQL_17} = '{bound}'")
    return connection


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
