import asyncio

import pytest

from dev.servers import Servers
from tests.support.broker import MAIN, Broker
from tests.support.settling import Listening
from tests.support.taken import EVENTS, Taken, event, opened
from worker.infra.durations import Durations
from worker.infra.messaging.amqp.delivery_transport import DeliveryTransport
from worker.infra.messaging.consuming.lookout import SIGHTINGS, Lookout
from worker.infra.messaging.consuming.subscription import Subscription

OFTEN = Durations(lookout_every=0.01)


async def test_deliveries_come_from_the_socket_past_aiormq(empty: Servers, broker: Broker) -> None:
    taken = Taken(len(EVENTS))
    async with opened(empty.rabbitmq_url, taken):
        await broker.publish(EVENTS)
        await asyncio.wait_for(taken.all_there.wait(), timeout=10)

    assert taken.bodies == [event.body for event in EVENTS]
    assert taken.tasks == {None}


async def test_deliveries_come_through_aiormq_where_the_connection_is_not_ours(
    empty: Servers, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        DeliveryTransport, "connection", lambda _, class_, url, **options: class_(url, **options)
    )
    taken = Taken(len(EVENTS))
    async with opened(empty.rabbitmq_url, taken):
        await broker.publish(EVENTS)
        await asyncio.wait_for(taken.all_there.wait(), timeout=10)

    assert taken.bodies == [event.body for event in EVENTS]
    assert len(taken.tasks) == len(EVENTS)
    assert None not in taken.tasks


@pytest.mark.parametrize("in_hand", [0, 1])
async def test_a_subscription_that_rabbitmq_knows_is_left_alone(
    in_hand: int, empty: Servers, broker: Broker
) -> None:
    """Whether it is idle, or has a message in hand while another waits: then nobody asks."""
    taken, looks, asked = Taken(in_hand), asyncio.Queue[None](), set[str]()

    async with opened(empty.rabbitmq_url, taken, prefetch=1) as subscription:

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
    async with opened(empty.rabbitmq_url, taken) as subscription:
        await broker.publish(event(i) for i in range(10))
        await asyncio.wait_for(taken.all_there.wait(), timeout=10)

        await broker.delete_queue(MAIN)

        reason = await asyncio.wait_for(subscription.wait_lost(), timeout=10)

    assert reason == "the broker cancelled our consumer: the queue was deleted"
