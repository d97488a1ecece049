"""What an acknowledgement of a duplicate waits for: the synchronous standby."""

import pytest

from tests.cluster.postgresql_drill import PairDrill
from tests.support.histories import CREATED, Event

pytestmark = pytest.mark.slow

ANSWER_SECONDS = "3"
"""The worker's limit for an answer: then it cancels a COMMIT, which is valid here nevertheless."""

WAITING_COMMITS = """
SELECT count(*) FROM pg_stat_activity
WHERE wait_event = 'SyncRep' AND application_name = 'inventory-worker'
"""


@pytest.mark.parametrize("early", [False, True], ids=["of cars", "of what waits for cars"])
async def test_no_duplicate_is_acknowledged_before_the_standby_has_it(
    pair_drill: PairDrill, early: bool
) -> None:
    """A cancelled COMMIT leaves its ids on the primary alone; the next attempt finds them there.

    It has nothing to write. That it waits all the same is due to the locks of its cars.
    """
    drill, pair = pair_drill, pair_drill.pair
    drill.start_workers(1, SILENCE_SECONDS=ANSWER_SECONDS, FAILS_FIRST="0")
    creations: list[Event] = []
    if early:
        history = drill.history(200, duplicates=0)
        creations = [event for event in history if event.type == CREATED]
        prices = [event for event in history if event.type != CREATED]
    else:
        prices = await drill.create_cars(200)
    await pair.make_synchronous()
    await pair.until_caught_up()
    before = await drill.recorded()
    await pair.cut_standby()

    await drill.publish(prices)
    await drill.until_more_recorded_than(before)  # visible once the first COMMIT is cancelled

    async def next_attempt_waits_or_is_acknowledged() -> bool:
        waiting = await pair.fetch(WAITING_COMMITS)
        return waiting > 0 or drill.workers[0].in_flight() == 0

    await drill.until(next_attempt_waits_or_is_acknowledged, "the attempt with duplicates")
    await drill.recovery(await drill.fail_over())

    await drill.publish(creations)
    assert await drill.missing() <= {(event.source, event.message_id) for event in creations}
    assert (await drill.verdict()).harm == (0, 0, 0)
