import time

from tests.faults.drill import SMALL_BATCHES, Drill


async def test_workers_killed_under_load(drill: Drill, full: bool) -> None:
    workers = drill.start_workers(2, **SMALL_BATCHES)
    kills, events = (20, 1500) if full else (4, 300)

    for i in range(kills):
        async with drill.load(events):
            victim = workers[i % 2]
            victim.kill()
            drill.faults += 1
            began = time.monotonic()
            victim.start()
        await drill.recovery(began)

    report = await drill.verdict()
    assert (report.lost, report.applied_twice, report.wrongly_dead) == (0, 0, 0)
