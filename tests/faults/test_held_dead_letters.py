import pytest

from tests.faults.consumer_timeout import consumer_timeout
from tests.faults.drill import Drill
from tests.support.broker import DEAD_LETTERS, connect
from worker.infra.durations import DEFAULT_DURATIONS
from worker.infra.messaging.dead_letters.browsing import DEAD_LETTERS as SPEC
from worker.infra.messaging.dead_letters.errors import BrowseLostError
from worker.infra.messaging.dead_letters.held_messages import hold

CAUSE = "delivery acknowledgement on channel|within RabbitMQ's consumer timeout"
"""In RabbitMQ's words where it closes the channel, in ours where it cancels the consumer (4.3)."""

LETTERS = 20


async def test_dead_letters_held_for_longer_than_the_consumer_timeout(drill: Drill) -> None:
    """Whoever holds them is told why they are taken back, and they stay."""
    drill.start_workers(1)
    await drill.publish(drill.poison(LETTERS))
    await drill.until(lambda: _are_dead(drill), f"{LETTERS} dead letters")
    drill.faults += 1

    async with consumer_timeout(drill, 2):
        with pytest.raises(BrowseLostError, match=CAUSE):
            await _hold_until_lost(drill)

    report = await drill.verdict(dead_as="invalid-event")
    assert (report.lost, report.applied_twice, report.wrongly_dead) == (0, 0, 0)


async def _hold_until_lost(drill: Drill) -> None:
    url = drill.site.rabbitmq_url
    async with hold(url, SPEC, lambda _: None, DEFAULT_DURATIONS) as held:
        await held.widen(LETTERS)
        while True:
            await held.comes_more()


async def _are_dead(drill: Drill) -> bool:
    async with connect(drill.site.rabbitmq_url) as broker:
        return await broker.count(DEAD_LETTERS) == LETTERS
