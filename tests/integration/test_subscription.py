import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest

from dev.servers import Servers
from tests.support.broker import MAIN, Broker
from tests.support.histories import Event
from tests.support.settling import Listening
from worker.infra.durations import DEFAULT_DURATIONS, Durations
from worker.infra.messaging.amqp.delivery import Delivery
from worker.infra.messaging.consuming.batch_handler import BatchHandler
from worker.infra.messaging.consuming.batching import Process
from worker.infra.messaging.consuming.lookout import SIGHTINGS, Lookout
from worker.infra.messaging.consuming.subscription import Subscription

LARGER_THAN_A_FRAME = 300_000
OFTEN = Durations(lookout_every=0.01)


def event(number: int, text: str = "") -> Event:
    return Event("inventory.price-changed.v1", "/test", f"m-{number}", {"text": text})


class Taken:
    """Takes deliveries, and notes in which task each one came."""

    def __init__(self, expected: int) -> None:
        self._expected = expected
        self.bodies: list[bytes] = []
        self.tasks: set[asyncio.Task[object] | None] = set()
        self.all_there = asyncio.Event()

    def send_to(self, process: Process) -> None: ...

    def deliver(self, delivery: Delivery) -> None:
        self.bodies.append(delivery.message.body)
        self.tasks.add(asyncio.current_task())
        if len(self.bodies) == self._expected:
            self.all_there.set()


@asynccontextmanager
async def opened(
    servers: Servers, taken: Taken, prefetch: int = 100
) -> AsyncIterator[Subscription]:
    subscription = await Subscription.open(
        servers.rabbitmq_url,
        prefetch=prefetch,
        delays=(),
        batching=taken,
        handler=cast("BatchHandler", None),
        durations=DEFAULT_DURATIONS,
        database="",
    )
    try:
        yield subscription
    finally:
        await subscription.close()


async def test_deliveries_come_whole_and_without_a_task_for_each(
    empty: Servers, broker: Broker
) -> None:
    """A task for each would mean the long way through aiormq, which takes much more CPU."""
    events = [event(0, "x" * LARGER_THAN_A_FRAME), *(event(i) for i in range(1, 20))]
    taken = Taken(len(events))
    async with opened(empty, taken):
        await broker.publish(events)
        await asyncio.wait_for(taken.all_there.wait(), timeout=10)

    assert taken.bodies == [event.body for event in events]
    assert len(taken.tasks) == 1


@pytest.mark.parametrize("in_hand", [0, 1])
async def test_a_subscription_that_rabbitmq_knows_is_left_alone(
    in_hand: int, empty: Servers, broker: Broker
) -> None:
    """Whether it is idle, or has a message in hand while another waits: then nobody asks."""
    taken, looks, asked = Taken(in_hand), asyncio.Queue[None](), set[str]()

    async with opened(empty, taken, prefetch=1) as subscription:

        def current() -> Subscription:
            looks.put_nowait(None)
            return subscription

        async def count_held(consumer_tag: str) -> int:
            asked.add(consumer_tag)
            return 0

        await broker.publish(event(i) for i in range(2 * in_hand))
        if in_hand:
            await asyncio.wait_for(taken.all_there.wait(), timeout=10)
        looking = asyncio.create_task(Lookout(current, count_held, Listening(), OFTEN).run())
        for _ in range(3 * SIGHTINGS):
            await asyncio.wait_for(looks.get(), timeout=10)
        looking.cancel()

        assert not subscription.is_lost
        assert asked == (set() if in_hand else {subscription.consumer_tag})


async def test_a_deleted_queue_is_named_though_rabbitmq_may_still_show_it(
    empty: Servers, broker: Broker
) -> None:
    """RabbitMQ 4.3 cancels its consumers some milliseconds before it is gone."""
    taken = Taken(expected=10)
    async with opened(empty, taken) as subscription:
        await broker.publish(event(i) for i in range(10))
        await asyncio.wait_for(taken.all_there.wait(), timeout=10)

        await broker.delete_queue(MAIN)

        reason = await asyncio.wait_for(subscription.wait_lost(), timeout=10)

    assert reason == "the broker cancelled our consumer: the queue was deleted"
