import asyncio

import pytest

from dev.servers import Servers
from tests.support.broker import MAIN, Broker
from tests.support.taken import EVENTS, Taken, event, opened
from worker.infra.messaging.amqp.delivery_transport import DeliveryTransport


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
