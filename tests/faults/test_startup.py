import asyncio

from dev.worker_process import PATIENCE_SECONDS, WorkerProcess
from tests.faults.drill import Drill


async def test_the_worker_waits_for_servers_that_are_not_up_yet(drill: Drill) -> None:
    await asyncio.to_thread(drill.site.postgres.stop)
    worker = drill.new_worker().start()
    await drill.until(lambda: _answers(worker), "an answer on the health port")

    problems = await asyncio.to_thread(worker.problems)
    await asyncio.to_thread(drill.site.postgres.start)

    assert worker.status("/health/live") == 200
    assert any("no consumer is registered" in problem for problem in problems)
    worker.wait_ready()
    assert await asyncio.to_thread(worker.problems) == []
    assert worker.log.count("waiting for the servers") < 5


async def test_a_worker_whose_servers_never_come_up_ends_with_1(drill: Drill) -> None:
    await asyncio.to_thread(drill.site.postgres.stop)
    try:
        worker = WorkerProcess(
            drill.site.database_url,
            drill.site.rabbitmq_url,
            drill.folder / "worker.log",
            {"WORKER_STARTUP_TIMEOUT": "1"},
        ).start()
        assert worker.process is not None
        code = await asyncio.to_thread(worker.process.wait, PATIENCE_SECONDS)
    finally:
        await asyncio.to_thread(drill.site.postgres.start)

    assert code == 1
    assert "Traceback" not in worker.log


async def test_sigterm_ends_a_worker_that_waits_for_its_servers(drill: Drill) -> None:
    await asyncio.to_thread(drill.site.postgres.stop)
    try:
        worker = drill.new_worker().start()
        await drill.until(lambda: _answers(worker), "an answer on the health port")
        code = await asyncio.to_thread(worker.terminate)
    finally:
        await asyncio.to_thread(drill.site.postgres.start)

    assert code == 0


async def test_an_idle_worker_tells_that_its_database_is_away(drill: Drill) -> None:
    (worker,) = drill.start_workers(1)
    await asyncio.to_thread(drill.site.postgres.stop)
    try:
        await drill.until(lambda: _is_unready(worker), "not ready")
        problems = await asyncio.to_thread(worker.problems)
        live = worker.status("/health/live")
    finally:
        await asyncio.to_thread(drill.site.postgres.start)

    assert any("PostgreSQL" in problem for problem in problems)
    assert live == 200
    worker.wait_ready()


async def _answers(worker: WorkerProcess) -> bool:
    return worker.status("/health/live") is not None


async def _is_unready(worker: WorkerProcess) -> bool:
    return worker.status("/health/ready") == 503
