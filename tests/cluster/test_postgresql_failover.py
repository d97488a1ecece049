"""The primary is killed, and its standby takes over."""

import asyncio

import pytest

from tests.cluster.postgresql_drill import PairDrill
from tests.faults.audit import read_audit

pytestmark = pytest.mark.slow

BEHIND = 300


async def test_primary_killed_and_an_asynchronous_standby_promoted(
    pair_drill: PairDrill, full: bool
) -> None:
    """What the standby had not received is lost; sending the events of that time again heals it."""
    drill, pair = pair_drill, pair_drill.pair
    drill.start_workers(2, FAILS_FIRST="0")  # `missing` would count what waits for a retry
    prices = await drill.create_cars(8_000 if full else 2_000)
    await pair.until_caught_up()

    async with drill.sending(prices):
        await pair.cut_standby()
        await drill.until_more_recorded_than(await drill.recorded() + BEHIND)
        await drill.recovery(await drill.fail_over())
    lost = await drill.missing()
    kept = (await read_audit(drill.site.database_url)).recorded
    await drill.publish(prices)

    report = await drill.verdict_after_loss(len(lost))
    assert report.harm == (0, 0, 0)
    await asyncio.to_thread(pair.standby.start)  # the old primary, with all that it had committed
    committed = (await read_audit(pair.standby.database_url)).recorded
    assert lost == committed - kept  # the lag, and nothing else
    assert len(lost) > BEHIND // 2


@pytest.mark.parametrize("seconds_without_standby", [0, 45])
async def test_primary_killed_and_a_synchronous_standby_promoted(
    pair_drill: PairDrill, full: bool, seconds_without_standby: int
) -> None:
    if seconds_without_standby and not full:
        pytest.skip("waits for 45 s: part of `make faults-cluster`")
    drill, pair = pair_drill, pair_drill.pair
    await pair.make_synchronous()
    drill.start_workers(2)
    async with drill.steady_load():
        if seconds_without_standby:
            await pair.cut_standby()
            await asyncio.sleep(seconds_without_standby)  # commits are cancelled meanwhile
        await drill.recovery(await drill.fail_over())

    assert (await drill.verdict()).harm == (0, 0, 0)
