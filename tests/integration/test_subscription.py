import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest

from dev.servers import Servers
from tests.support.broker import MAIN, Broker
from tests.support.histories import Event
from worker.infra.durations import DEFAULT_DURATIONS
from worker.infra.messaging.amqp.delivery import Delivery
from worker.infra.messaging.amqp.delivery_transport import DeliveryTransport
from worker.infra.messaging.consuming.batch_handler import BatchHandler
from worker.infra.messaging.consuming.batching import Process
from worker.infra.messaging.consuming.subscription import Subscription

LARGER_THAN_A_FRAME = 300_000


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
async def opened(servers: Servers, taken: Taken) -> AsyncIterator[Subscription]:
    subscription = await Subscription.open(
        servers.rabbitmq_url,
        prefetch=100,
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


EVENTS = [event(0, "x" * LARGER_THAN_A_FRAME), *(event(i) for i in range(1, 20))]


async def test_deliveries_come_from_the_socket_past_aiormq(empty: Servers, broker: Broker) -> None:
    """No task means a callback of the event loop; aiormq starts a task for each delivery."""
    taken = Taken(len(EVENTS))
    async with opened(empty, taken):
        await broker.publish(EVENTS)
        await asyncio.wait_for(taken.all_there.wait(), timeout=10)

    assert taken.bodies == [event.body for event in EVENTS]
    assert taken.tasks == {None}


async def test_deliveries_come_through_aiormq_where_the_connection_is_not_ours(
    empty: Servers, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DeliveryTransport, "install", lambda *_: None)
    taken = Taken(len(EVENTS))
    async with opened(empty, taken):
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
    async with opened(empty, taken) as subscription:
        await broker.publish(event(i) for i in range(10))
        await asyncio.wait_for(taken.all_there.wait(), timeout=10)

        await broker.delete_queue(MAIN)

        reason = await asyncio.wait_for(subscription.wait_lost(), timeout=10)

    assert reason == "the broker cancelled our consumer: the queue was deleted"
