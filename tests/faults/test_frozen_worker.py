import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from tests.faults.drill import Drill

PREFETCH = 100
LONGEST_SECONDS = 30 + 5 + 5 + 5
"""`transaction_timeout`, where the session is between preparing and executing a statement; then the
other worker's `lock_timeout` and its longest pause; and the work itself."""
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
IDLE_WITH_LOCKS = """
SELECT count(*) FROM pg_stat_activity JOIN pg_locks USING (pid)
WHERE state = 'idle in transaction' AND relation = 'cars'::regclass
"""


async def test_a_worker_frozen_in_its_transaction(drill: Drill, full: bool) -> None:
    """The other one goes on with the same cars, once PostgreSQL ended the frozen transaction."""
    bounds = {"WORKER_PREFETCH": str(PREFETCH), "WORKER_BATCH_SIZE": "50"}
    soon = {} if full else {"SILENCE_SECONDS": "3"}
    frozen, _ = drill.start_workers(2, **bounds, **soon)
    assert frozen.process is not None
    freezes, events = (5, 3000) if full else (1, 1000)

    for _ in range(freezes):
        prices = await drill.create_cars(events)
        publishing = asyncio.create_task(drill.publish(prices))
        began = await _freeze_in_transaction(drill, frozen.process.pid)
        drill.faults += 1
        await publishing
        await drill.until_more_recorded_than(len(drill.accepted) - PREFETCH - 1)
        drill.recoveries.append(time.monotonic() - began)
        os.kill(frozen.process.pid, signal.SIGCONT)

    report = await drill.verdict()
    assert (report.lost, report.applied_twice, report.wrongly_dead) == (0, 0, 0)
    assert report.seconds_to_recover < LONGEST_SECONDS


async def _freeze_in_transaction(drill: Drill, pid: int) -> float:
    """Stops the process while it waits for rows that are kept from it; returns when it has them."""
    async with _connect(drill) as keeper, _connect(drill) as observer:
        async with keeper.transaction():
            await keeper.execute("SELECT FROM cars ORDER BY id FOR UPDATE")  # as workers do
            await drill.until(lambda: _sees(observer, WAITING, 2), "two workers that wait")
            os.kill(pid, signal.SIGSTOP)
        await drill.until(lambda: _sees(observer, IDLE_WITH_LOCKS, 1), "a transaction left alone")
        return time.monotonic()


@asynccontextmanager
async def _connect(drill: Drill) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(drill.site.database_url)
    try:
        yield connection
    finally:
        await connection.close()


async def _sees(connection: asyncpg.Connection, query: str, count: int) -> bool:
    return bool(await connection.fetchval(query) >= count)
