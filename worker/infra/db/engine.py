"""Connections to PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import asyncpg
from sqlalchemy import ExceptionContext, event
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.pool import AsyncAdaptedQueuePool

from worker.infra.db.errors import is_of_the_session
from worker.infra.db.servers import SINCE_POSTGRESQL_17, Servers
from worker.infra.durations import DEFAULT_DURATIONS, Durations
from worker.infra.server_urls import ServerUrl

Sessions = async_sessionmaker[AsyncSession]

TIMEOUTS_ALONE: Mapping[str, str] = {}
BY_INDEX = {"enable_seqscan": "off"}
"""The worker finds its rows by keys. A statement that is prepared while a table is empty would scan
it from end to end until PostgreSQL has counted its rows, a minute or more."""


def create_engine(
    database_url: ServerUrl,
    durations: Durations = DEFAULT_DURATIONS,
    *,
    pool_size: int = 5,
    session_settings: Mapping[str, str] = TIMEOUTS_ALONE,
) -> AsyncEngine:
    """An engine for `postgresql://user:password@host:port/database`.

    `session_settings` come to its timeouts.

    The URL is asked for before each connect and goes to the driver with one of its hosts, so that
    `sslmode=`, `sslrootcert=` and percent-encoded passwords mean what they mean to libpq. Nothing
    connects before the first statement.
    """
    settings = {
        "application_name": "inventory-worker",
        **timeouts_of(durations),
        **session_settings,
    }
    servers = Servers(database_url, settings, durations.database_answer, durations)
    return _create_engine(servers.connect, pool_size)


@asynccontextmanager
async def database(
    url: ServerUrl,
    durations: Durations = DEFAULT_DURATIONS,
    *,
    pool_size: int = 2,
    session_settings: Mapping[str, str] = TIMEOUTS_ALONE,
) -> AsyncIterator[tuple[AsyncEngine, Sessions]]:
    """An engine and its session factory; the engine is disposed of at the end."""
    engine = create_engine(url, durations, pool_size=pool_size, session_settings=session_settings)
    try:
        yield engine, create_sessions(engine)
    finally:
        await engine.dispose()


def create_command_engine(
    database_url: ServerUrl, session_settings: Mapping[str, str], *, pool_size: int = 1
) -> AsyncEngine:
    """An engine for a command whose statements may take as long as its session settings allow."""
    servers = Servers(database_url, session_settings, None)
    return _create_engine(servers.connect, pool_size)


def timeouts_of(durations: Durations) -> dict[str, str]:
    """The settings that bound every session of the worker."""
    return {
        "lock_timeout": f"{durations.lock:g}s",
        "statement_timeout": f"{durations.statement:g}s",
        "idle_in_transaction_session_timeout": f"{durations.idle_in_transaction:g}s",
        SINCE_POSTGRESQL_17: f"{durations.transaction:g}s",
    }


def _create_engine(
    connect: Callable[[], Awaitable[asyncpg.Connection]], pool_size: int
) -> AsyncEngine:
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=connect, pool_size=pool_size, max_overflow=0
    )
    event.listen(engine.sync_engine, "handle_error", _drop_useless_sessions)
    return engine


def _drop_useless_sessions(context: ExceptionContext) -> None:
    """Has SQLAlchemy drop this connection and replace the pool.

    A connection that is silent would have to answer a rollback first, and so would each of the
    others. One that answers, but only reads or lacks rights, would stay so for as long as it
    lives: a server became a standby, or a role was replaced. SQLAlchemy drops a connection whose
    statement was cancelled; what cancels statements is mostly a time limit, so the others are
    taken for silent, too.
    """
    error = context.original_exception
    if isinstance(error, asyncio.CancelledError):
        context.invalidate_pool_on_disconnect = True
    if isinstance(error, TimeoutError) or is_of_the_session(error):
        context.is_disconnect = True


def create_sessions(engine: AsyncEngine) -> Sessions:
    """Makes sessions on this engine, whose objects stay readable after a commit."""
    return async_sessionmaker(engine, expire_on_commit=False, autoflush=False)


def pool_of(engine: AsyncEngine) -> AsyncAdaptedQueuePool:
    """The pool of an engine that `create_engine` made."""
    pool = engine.pool
    assert isinstance(pool, AsyncAdaptedQueuePool)
    return pool
