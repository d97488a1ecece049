import asyncio
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from dev.worker_process import WorkerProcess
from tests.faults.audit import execute
from tests.faults.consumer_timeout import STRUCK, consumer_timeout
from tests.faults.drill import Drill

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
SLEEP = """
CREATE OR REPLACE FUNCTION drill_sleep() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN PERFORM pg_sleep({seconds}); RETURN NULL; END $$;
"""
INSTALL = """
CREATE OR REPLACE TRIGGER drill_sleep BEFORE INSERT ON processed_messages
  EXECUTE FUNCTION drill_sleep();
CREATE OR REPLACE TRIGGER drill_sleep BEFORE INSERT OR UPDATE ON cars
  EXECUTE FUNCTION drill_sleep();
"""
REMOVE = "DROP FUNCTION drill_sleep CASCADE"
"""For when nobody uses the tables: it locks them, and may deadlock with a worker."""


async def test_postgresql_away(drill: Drill, full: bool) -> None:
    """The worker holds and waits: no dead letter, no attempt, no hot loop, no flood of lines."""
    away = 60 if full else 4
    (worker,) = drill.start_workers(1, FAILS_FIRST="0")
    prices = await drill.create_cars(5_000 if full else 500)

    await asyncio.to_thread(drill.site.postgres.stop)
    drill.faults += 1
    await drill.publish(prices)
    cpu, lines, began = _cpu_seconds(worker), len(worker.log.splitlines()), time.monotonic()
    await asyncio.sleep(away)  # the length of the outage is what the drill is about
    cpu_share = (_cpu_seconds(worker) - cpu) / (time.monotonic() - began)
    lines = len(worker.log.splitlines()) - lines
    await asyncio.to_thread(drill.site.postgres.start)
    began = time.monotonic()
    await drill.until_all_recorded()
    drill.recoveries.append(time.monotonic() - began)

    assert cpu_share < 0.1
    assert lines < 5 + away / 5
    assert "message failed" not in worker.log
    report = await drill.verdict()
    assert (report.lost, report.applied_twice, report.wrongly_dead) == (0, 0, 0)


@pytest.mark.parametrize(("patience", "gives_back"), [(5, False), (45, True)])
async def test_postgresql_away_for_longer_than_the_consumer_timeout(
    drill: Drill, full: bool, patience: int, gives_back: bool
) -> None:
    """The worker gives back in time; and where the broker is quicker, it begins anew."""
    if gives_back and not full:
        pytest.skip("holds for 30 s: part of `make faults`")
    async with consumer_timeout(drill, patience):
        (worker,) = drill.start_workers(1, FAILS_FIRST="0")
        prices = await drill.create_cars(500)
        await asyncio.to_thread(drill.site.postgres.stop)
        drill.faults += 1
        await drill.publish(prices)
        said = ("unavailable for longer than the limit",) if gives_back else STRUCK
        await drill.until(lambda: _says_with_traffic(drill, worker, said), " or ".join(said))
        await asyncio.sleep(20 if full else 2)  # nobody consumes meanwhile
        await asyncio.to_thread(drill.site.postgres.start)
        began = time.monotonic()
        await drill.until_all_recorded()
        drill.recoveries.append(time.monotonic() - began)

    assert await _says(worker, STRUCK) is not gives_back
    assert "message failed" not in worker.log
    report = await drill.verdict()
    assert (report.lost, report.applied_twice, report.wrongly_dead) == (0, 0, 0)


async def test_postgresql_slow(drill: Drill, full: bool) -> None:
    # Two workers with the same cars: a batch takes 15 s, and who waits for it gives up after 5.
    # The first commit may take minutes of such waits, a second one as long again.
    seconds, events, recorded = (5, 2_000, 0) if full else (0.5, 300, 150)
    async with _slow_writes(drill, seconds):
        drill.start_workers(2)
        drill.faults += 1
        await drill.publish(drill.history(events))
        await drill.until_more_recorded_than(recorded)
        await execute(drill.site.database_url, SLEEP.format(seconds=0))
        await drill.recovery(time.monotonic())
        report = await drill.verdict()

    assert (report.lost, report.applied_twice, report.wrongly_dead) == (0, 0, 0)


@asynccontextmanager
async def _slow_writes(drill: Drill, seconds: float) -> AsyncIterator[None]:
    """Each statement that writes takes so long; at the end no worker is left."""
    await execute(drill.site.database_url, SLEEP.format(seconds=seconds) + INSTALL)
    try:
        yield
    finally:
        for worker in drill.workers:
            worker.end()
        await execute(drill.site.database_url, REMOVE)


async def _says_with_traffic(drill: Drill, worker: WorkerProcess, words: Sequence[str]) -> bool:
    """RabbitMQ 4.3 looks at its timeouts by a timer that it may miss, and with each publish."""
    await drill.publish(drill.history(1, duplicates=0))
    return await _says(worker, words)


async def _says(worker: WorkerProcess, words: Sequence[str]) -> bool:
    return any(word in worker.log for word in words)


def _cpu_seconds(worker: WorkerProcess) -> float:
    assert worker.process is not None
    stat = Path(f"/proc/{worker.process.pid}/stat").read_text()
    user, system = stat.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / CLOCK_TICKS
