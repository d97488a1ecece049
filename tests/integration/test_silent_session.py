"""A session of ours whose network falls silent lets go of its locks, whatever it was about."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from dev.servers import Servers
from tests.support.tcp_proxy import LOOPBACK, TcpProxy
from worker.infra.db.engine import create_engine, timeouts_of
from worker.infra.durations import DEFAULT_DURATIONS, Durations

TRANSACTION_TIMEOUT_SINCE = 170_000
SOON = Durations(transaction=1)
LOCK = text("LOCK TABLE cars IN ACCESS EXCLUSIVE MODE")
WAITS_FOR_THE_OTHER_HALF = text(
    "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND wait_event = 'ClientRead'"
)


@pytest.fixture
async def version(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return int((await connection.execute(text("SHOW server_version_num"))).scalar_one())


@pytest.fixture
async def far(servers: Servers) -> AsyncIterator[tuple[AsyncEngine, TcpProxy]]:
    """An engine behind a network that can be frozen."""
    url = urlsplit(servers.database_url)
    user = url.netloc.rpartition("@")[0]
    with TcpProxy(url.port or 5432) as network:
        through = url._replace(netloc=f"{user}@{LOOPBACK}:{network.port}").geturl()
        engine = create_engine(lambda: through, SOON)
        yield engine, network
        network.cut()
        await engine.dispose()


async def test_a_statement_that_was_prepared_and_never_executed_holds_no_lock_for_ever(
    engine: AsyncEngine, far: tuple[AsyncEngine, TcpProxy], version: int
) -> None:
    if version < TRANSACTION_TIMEOUT_SINCE:
        pytest.skip("PostgreSQL has transaction_timeout since 17")
    far_engine, network = far
    async with far_engine.connect() as silent, engine.connect() as other:
        await silent.execute(LOCK)
        network.freeze("to-client")
        asked = asyncio.create_task(silent.execute(text("SELECT count(*) FROM cars")))
        while not (await other.execute(WAITS_FOR_THE_OTHER_HALF)).scalar():
            await other.rollback()

        await other.execute(LOCK)

        network.cut()
        with pytest.raises(DBAPIError):
            await asked
        with suppress(DBAPIError):
            await silent.close()


async def test_every_session_of_a_worker_has_its_bounds(engine: AsyncEngine, version: int) -> None:
    bounds = timeouts_of(DEFAULT_DURATIONS)
    if version < TRANSACTION_TIMEOUT_SINCE:
        del bounds["transaction_timeout"]
    async with engine.connect() as connection:
        for name, value in bounds.items():
            shown = (await connection.execute(text(f"SHOW {name}"))).scalar_one()
            assert shown == value
