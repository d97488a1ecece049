"""Sessions that hold locks: `tests/security/test_pgbouncer.py` has those that may not."""

from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from dev.servers import Servers
from worker.dead_letters.session import open_session
from worker.infra.db.own_session import is_own_session
from worker.infra.durations import DEFAULT_DURATIONS
from worker.settings import Settings


async def test_a_session_is_our_own_if_it_has_the_lock_timeout_that_it_asked_for(
    engine: AsyncEngine,
) -> None:
    asked = timedelta(seconds=DEFAULT_DURATIONS.lock)

    async with engine.connect() as connection:
        told = [await is_own_session(connection, time) for time in (asked, asked * 2)]

    assert told == [True, False]


async def test_a_bound_of_the_role_does_not_end_the_long_turn_of_a_command(
    empty: Servers, engine: AsyncEngine
) -> None:
    settings = Settings.model_validate(
        {"database_url": empty.database_url, "rabbitmq_url": empty.rabbitmq_url}
    )
    name = engine.url.database or empty.database_url.rpartition("/")[2]
    async with engine.begin() as connection:
        await connection.execute(text(f"ALTER DATABASE \"{name}\" SET transaction_timeout = '30s'"))
    try:
        async with open_session(
            settings, "list", by="ana", durations=DEFAULT_DURATIONS, on_wait=lambda: None
        ) as session:
            shown = await session.connection.execute(text("SHOW transaction_timeout"))
            assert shown.scalar_one() == "0"
    finally:
        async with engine.begin() as connection:
            await connection.execute(text(f'ALTER DATABASE "{name}" RESET transaction_timeout'))
