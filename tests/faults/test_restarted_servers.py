import asyncio
import time

import pytest

from tests.faults.drill import SMALL_BATCHES, Drill


async def test_rabbitmq_stopped_and_started(drill: Drill, full: bool) -> None:
    drill.start_workers(2, **SMALL_BATCHES)
    stops, events = (5, 4000) if full else (1, 500)

    for _ in range(stops):
        async with drill.load(events):
            await asyncio.to_thread(drill.site.rabbitmq.stop)
            drill.faults += 1
            await asyncio.to_thread(drill.site.rabbitmq.start)
            began = time.monotonic()
        await drill.recovery(began)

    report = await drill.verdict()
    assert (report.lost, report.applied_twice, report.wrongly_dead) == (0, 0, 0)


async def test_postgresql_stopped_at_once(drill: Drill, full: bool) -> None:
    drill.start_workers(2, **SMALL_BATCHES)
    stops, events = (5, 4000) if full else (2, 500)

    for _ in range(stops):
        async with drill.load(events):
            await asyncio.to_thread(drill.site.postgres.stop, "immediate")
            drill.faults += 1
            await asyncio.to_thread(drill.site.postgres.start)
            began = time.monotonic()
        await drill.recovery(began)

    report = await drill.verdict()
    assert (report.lost, report.applied_twice, report.wrongly_dead) == (0, 0, 0)


@pytest.mark.slow
async def test_both_servers_killed_together(drill: Drill, full: bool) -> None:
    drill.start_workers(2, **SMALL_BATCHES)
    await asyncio.to_thread(drill.site.rabbitmq.save_queue_names)
    kills, events = (3, 4000) if full else (1, 500)

    for _ in range(kills):
        async with drill.load(events):
            await asyncio.gather(
                asyncio.to_thread(drill.site.rabbitmq.kill),
                asyncio.to_thread(drill.site.postgres.stop, "immediate"),
            )
            drill.faults += 2
            await asyncio.gather(
                asyncio.to_thread(drill.site.rabbitmq.start),
                asyncio.to_thread(drill.site.postgres.start),
            )
            began = time.monotonic()
        await drill.recovery(began)

    report = await drill.verdict()
    assert (report.lost, report.applied_twice, report.wrongly_dead) == (0, 0, 0)
