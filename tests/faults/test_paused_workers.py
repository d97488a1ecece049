import asyncio
from collections.abc import Sequence

import asyncpg
import pytest

from dev.servers import Servers
from dev.worker_process import WorkerProcess
from tests.conftest import run_command
from tests.faults.drill import Drill

RECORDED_IN_PAUSE = """
SELECT count(*) FROM processed_messages, pauses
WHERE processed_at > paused_at + interval '5 s' AND processed_at < coalesce(resumed_at, now())
"""


@pytest.mark.slow
async def test_servers_and_workers_restarted_in_a_pause(drill: Drill, full: bool) -> None:
    """Nothing is recorded until `resume`, and nothing twice that was in hand at the pause."""
    workers = drill.start_workers(3)
    rounds, events = (3, 6000) if full else (1, 1500)

    for _ in range(rounds):
        async with drill.load(events, duplicates=0):
            await _order(drill, "pause", "--reason", "a drill")
            await _until_paused(drill, workers)
        recorded = await drill.recorded()
        assert not [worker for worker in workers if "duplicate" in worker.count_results()]
        await _restart_everything(drill, workers)
        assert await drill.recorded() == recorded

        await _order(drill, "resume")
        await drill.until_all_recorded()

    assert not [worker for worker in workers if "duplicate" in worker.count_results()]
    assert await _ask(drill, RECORDED_IN_PAUSE) == 0
    report = await drill.verdict()
    assert (report.lost, report.applied_twice, report.wrongly_dead) == (0, 0, 0)


async def _restart_everything(drill: Drill, workers: Sequence[WorkerProcess]) -> None:
    """One after the other; the workers say each time that they are still paused."""
    stopped, killed, _ = workers
    await asyncio.to_thread(stopped.terminate)
    killed.kill()
    for worker in (stopped, killed):
        worker.start().wait_ready()
    await _until_paused(drill, workers)
    await asyncio.to_thread(drill.site.rabbitmq.stop)
    await asyncio.to_thread(drill.site.rabbitmq.start)
    await _until_paused(drill, workers)
    await asyncio.to_thread(drill.site.postgres.stop, "immediate")
    await asyncio.to_thread(drill.site.postgres.start)
    await _until_paused(drill, workers)
    drill.faults += 4


async def _until_paused(drill: Drill, workers: Sequence[WorkerProcess]) -> None:
    """Returns once each has told the database after this moment that it is paused."""
    since = await _ask(drill, "SELECT clock_timestamp()")
    paused = "SELECT count(*) FROM workers WHERE state = 'paused' AND seen_at > $1"

    async def all_paused() -> bool:
        return await _ask(drill, paused, since) == len(workers)

    await drill.until(all_paused, "workers that are paused")
    assert all(worker.readiness()["status"] == "paused" for worker in workers)


async def _order(drill: Drill, *command: str) -> None:
    servers = Servers(drill.site.database_url, drill.site.rabbitmq_url)
    done = await asyncio.to_thread(run_command, servers, *command)
    assert done.returncode == 0, done.stderr


async def _ask(drill: Drill, question: str, *values: object) -> object:
    connection = await asyncpg.connect(drill.site.database_url)
    try:
        return await connection.fetchval(question, *values)
    finally:
        await connection.close()
