"""Which sessions may lock: `tests/security/test_pgbouncer.py` has those that may not."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from worker.infra.db.own_session import is_own_session
from worker.infra.durations import DEFAULT_DURATIONS


async def test_a_session_is_our_own_if_it_has_the_lock_timeout_that_it_asked_for(
    engine: AsyncEngine,
) -> None:
    asked = timedelta(seconds=DEFAULT_DURATIONS.lock)

    async with engine.connect() as connection:
        told = [await is_own_session(connection, time) for time in (asked, asked * 2)]

    assert told == [True, False]
