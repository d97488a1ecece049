import asyncio
import os
import signal
import time

import asyncpg

from tests.faults.drill import Drill

PREFETCH = 100
IDLE_WITH_LOCKS = """
SELECT count(*) FROM pg_stat_activity JOIN pg_locks USING (pid)
WHERE state = 'idle in transaction' AND state_change < clock_timestamp() - interval '200 ms'
  AND relation = 'cars'::regclass AND mode = 'RowExclusiveLock'
"""


async def test_a_worker_frozen_in_its_transaction(drill: Drill, full: bool) -> None:
    """The other one goes on with the same cars, once PostgreSQL ended the frozen transaction."""
    bounds = {"WORKER_PREFETCH": str(PREFETCH), "WORKER_BATCH_SIZE": "50"}
    frozen, _ = drill.start_workers(2, **bounds)
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
    assert report.seconds_to_recover < 40


async def _freeze_in_transaction(drill: Drill, pid: int) -> float:
    """Stops the process again and again, until it was caught in the middle; returns when."""
    connection = await asyncpg.connect(drill.site.database_url)
    try:
        while True:
            os.kill(pid, signal.SIGSTOP)
            stopped = time.monotonic()
            await asyncio.sleep(0.25)  # a backend that has not heard of its client for so long
            if await connection.fetchval(IDLE_WITH_LOCKS):
                return stopped
            os.kill(pid, signal.SIGCONT)
            await asyncio.sleep(0.01)
    finally:
        await connection.close()
