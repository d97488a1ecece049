import asyncio
import time

import pytest

from tests.cluster.postgresql_drill import PairDrill


@pytest.mark.parametrize("cut_off", [0, 45])
async def test_primary_killed_and_a_synchronous_standby_promoted(
    pair_drill: PairDrill, full: bool, cut_off: int
) -> None:
    drill, pair = pair_drill, pair_drill.pair
    await pair.make_synchronous()
    drill.start_workers(2)
    async with drill.load(4_000 if full else 500):
        if cut_off:
            await pair.cut_standby()
            await asyncio.sleep(cut_off)  # beyond the limit of an answer, after which it commits
        await asyncio.to_thread(pair.primary.kill)
        drill.faults += 1
        await pair.promote()
        began = time.monotonic()
    await drill.recovery(began)

    report = await drill.verdict()
    assert (report.lost, report.applied_twice, report.wrongly_dead) == (0, 0, 0)
