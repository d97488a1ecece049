import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dev.worker_process import WorkerProcess, wait_until
from tests.faults.drill import Drill
from tests.support.broker import DEAD_LETTERS, connect
from tests.support.histories import random_history
from tests.support.hooked_worker import EXIT_CODE

PREFETCH, BATCH = 300, 50
CRASHES_AT_MOST = 2 + 5
"""Two deliveries before a message is a suspect, two trials with others, three alone."""


async def test_poison_among_good_messages(drill: Drill, full: bool) -> None:
    drill.start_workers(2)
    good = 47_500 if full else 1_900
    mixed = [*drill.history(good, duplicates=0), *drill.poison(good // 19)]
    drill.rng.shuffle(mixed)
    drill.faults = len(drill.refused)

    await drill.publish(mixed)

    report = await drill.verdict(dead_as="invalid-event")
    assert (report.lost, report.applied_twice, report.wrongly_dead) == (0, 0, 0)


async def test_a_message_that_kills_whoever_handles_it(drill: Drill, full: bool) -> None:
    (killer,) = random_history(drill.rng, cars=1, events=1, prefix="killer-")
    history = [*drill.history(2_000 if full else 300), killer]
    drill.refused.append(killer)
    drill.rng.shuffle(history)
    drill.start_workers(2, DIES_AT=killer.data["car_id"])

    async with _restarting_after_crashes(drill):
        await drill.publish(history)
        await drill.until(lambda: _has_messages(drill, DEAD_LETTERS), "a dead letter")
    for worker in drill.workers:
        await asyncio.to_thread(worker.wait_ready)

    report = await drill.verdict(dead_as="redelivered-too-often")
    assert (report.lost, report.applied_twice, report.wrongly_dead) == (0, 0, 0)
    assert report.faults <= CRASHES_AT_MOST


async def test_a_worker_killed_with_full_prefetch(drill: Drill, full: bool) -> None:
    """Each kill raises the delivery count of all that was in hand: none of it is to blame."""
    worker = drill.new_worker(WORKER_PREFETCH=str(PREFETCH), WORKER_BATCH_SIZE=str(BATCH))
    worker.start().wait_ready().kill()  # so that there is a queue to publish to

    for _ in range(25 if full else 4):
        await drill.publish(drill.history(2 * PREFETCH))
        worker.start()
        await asyncio.to_thread(wait_until, lambda: _is_full(worker), lambda: worker.log)
        worker.kill()
        drill.faults += 1
    worker.start()

    report = await drill.verdict()
    assert (report.lost, report.applied_twice, report.wrongly_dead) == (0, 0, 0)


@asynccontextmanager
async def _restarting_after_crashes(drill: Drill) -> AsyncIterator[None]:
    async def restart() -> None:
        while True:
            for worker in drill.workers:
                if worker.process is not None and worker.process.poll() == EXIT_CODE:
                    drill.faults += 1
                    worker.start()
            await asyncio.sleep(0.05)

    restarting = asyncio.create_task(restart())
    try:
        yield
    finally:
        restarting.cancel()


async def _has_messages(drill: Drill, queue: str) -> bool:
    async with connect(drill.site.rabbitmq_url) as broker:
        return await broker.count(queue) > 0


def _is_full(worker: WorkerProcess) -> bool:
    return worker.in_flight() > PREFETCH - BATCH
