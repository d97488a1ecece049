from tests.faults.drill import SMALL_BATCHES, Drill
from tests.support.hooked_worker import BESIDE, read_tally


async def test_sigterm_under_load(drill: Drill, full: bool) -> None:
    """What was handled is not delivered again: no message is a duplicate, none was sent twice."""
    tally = drill.folder / "tally"
    stops, events = (20, 1500) if full else (4, 400)
    (worker,) = drill.start_workers(1, **SMALL_BATCHES, TALLY=str(tally))

    for _ in range(stops):
        async with drill.load(events, duplicates=0):
            assert worker.terminate() == 0, worker.log[-3000:]
            drill.faults += 1
            worker.start()

    report = await drill.verdict()
    assert (report.lost, report.applied_twice, report.wrongly_dead) == (0, 0, 0)
    results = read_tally(tally)
    assert results["duplicate"] == 0
    assert results[BESIDE], "two batches were under way"
