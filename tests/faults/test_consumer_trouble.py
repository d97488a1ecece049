import asyncio
import time

from tests.faults.drill import Drill
from tests.support.broker import DEAD_LETTERS, MAIN, connect

DELETED_UNDER_THE_WORKER = (MAIN, DEAD_LETTERS)


async def test_queues_deleted_under_the_worker(drill: Drill, full: bool) -> None:
    """The broker cancels the consumer, or returns a dead letter: both are declared again.

    What was in a deleted queue is gone, by the will of whoever deleted it: they are empty here.
    """
    drill.start_workers(1)
    for name in DELETED_UNDER_THE_WORKER * (3 if full else 1):
        await drill.publish(drill.history(300 if full else 50))
        await drill.until(drill.aftermath.is_over, "empty queues")
        async with connect(drill.site.rabbitmq_url) as broker:
            await broker.delete_queue(name)
        drill.faults += 1
        began = time.monotonic()
        await drill.publish(drill.poison(1))
        await drill.recovery(began)

    report = await drill.verdict(dead_as="invalid-event")
    assert (report.lost, report.applied_twice, report.wrongly_dead) == (0, 0, 0)


async def test_rabbitmq_short_of_memory(drill: Drill, full: bool) -> None:
    """It blocks who publishes: dead letters wait, and what is in the queue goes on."""
    drill.start_workers(1)
    alarms, events = (3, 2_000) if full else (1, 300)
    lasts = 40 if full else 3  # beyond 30 s the failed messages are given back

    for _ in range(alarms):
        async with drill.load(events):
            await drill.publish(drill.poison(10))
            await _set_memory_limit(drill, "0.000001")
            drill.faults += 1
            await asyncio.sleep(lasts)  # the length of the alarm is what the drill is about
            await _set_memory_limit(drill, "0.4")
            began = time.monotonic()
        await drill.recovery(began)

    report = await drill.verdict(dead_as="invalid-event")
    assert (report.lost, report.applied_twice, report.wrongly_dead) == (0, 0, 0)


async def test_each_message_published_three_times_to_two_workers(drill: Drill, full: bool) -> None:
    drill.start_workers(2)
    history = drill.history(20_000 if full else 500, duplicates=2.0)

    await drill.publish(history)

    report = await drill.verdict()
    assert (report.lost, report.applied_twice, report.wrongly_dead) == (0, 0, 0)


async def _set_memory_limit(drill: Drill, share: str) -> None:
    await asyncio.to_thread(drill.site.rabbitmq.ctl, "set_vm_memory_high_watermark", share)
