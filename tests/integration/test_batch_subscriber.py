"""What `batch_subscriber.py` needs of FastStream's private names."""

import asyncio
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiormq import Channel
from faststream import BaseMiddleware, StreamMessage
from faststream.rabbit import RabbitBroker, RabbitQueue
from pamqp.commands import Basic

from dev.servers import Servers
from tests.support.messages import NoSubscription
from worker.application.outcomes import Failure
from worker.domain.error_code import ErrorCode
from worker.infra.messaging.amqp.delivery import Delivery
from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.consuming.batch_subscriber import Batch, BatchSubscriber
from worker.infra.messaging.consuming.received import Received
from worker.infra.messaging.names import MAIN_QUEUE
from worker.infra.messaging.topology import declare_topology

QUEUE = RabbitQueue(MAIN_QUEUE, declare=False, robust=False)


def batch(size: int) -> Batch:
    message = Message(b"{}", Basic.Properties(), "inventory.events", "k")
    failure = Failure(ErrorCode.INVALID_EVENT, "")
    return tuple(Received(Delivery(message, i, NoSubscription()), failure) for i in range(size))


class Seen(BaseMiddleware):
    """A broker middleware, as the ready ones for metrics and traces are."""

    batches: list[Any] = []  # noqa: RUF012 - FastStream makes an instance for each batch

    async def consume_scope(
        self, call_next: Callable[[Any], Awaitable[Any]], msg: StreamMessage[Any]
    ) -> Any:
        self.batches.append(tuple(msg.raw_message))
        return await call_next(msg)


class Calls:
    """Counts how the broker starts and stops the deliveries."""

    def __init__(self) -> None:
        self.said: list[str] = []

    async def consume(self, channel: Channel) -> None:
        del channel
        self.said.append("consume")

    async def cancel(self) -> None:
        self.said.append("cancel")


@pytest.fixture
async def broker(empty: Servers) -> AsyncIterator[RabbitBroker]:
    Seen.batches.clear()
    broker = RabbitBroker(
        empty.rabbitmq_url, middlewares=[Seen], apply_types=False, serializer=None, logger=None
    )
    await broker.connect()
    await declare_topology(broker, ())
    yield broker
    await broker.stop()


@pytest.fixture
def calls() -> Calls:
    return Calls()


@pytest.fixture
def subscriber(broker: RabbitBroker, calls: Calls) -> BatchSubscriber:
    return BatchSubscriber(broker, QUEUE, consume=calls.consume, cancel=calls.cancel)


async def test_a_batch_goes_whole_through_the_middlewares_into_the_handler(
    broker: RabbitBroker, subscriber: BatchSubscriber
) -> None:
    handled: list[Batch] = []

    @subscriber
    async def apply_events(messages: Batch) -> None:
        handled.append(tuple(messages))

    await broker.start()
    two = batch(2)
    await subscriber.process(two)

    assert handled == [two]
    assert Seen.batches == [two]


async def test_a_timer_that_the_handler_left_keeps_no_message(
    broker: RabbitBroker, subscriber: BatchSubscriber
) -> None:
    """As asyncpg's statement cache does: its timers copy the context, for 5 minutes."""
    loop, timers = asyncio.get_running_loop(), []

    @subscriber
    async def apply_events(_: Batch) -> None:
        timers.append(loop.call_later(300, print))

    await broker.start()
    messages = list(batch(1))
    message = weakref.ref(messages[0].delivery.subscription)
    await subscriber.process(messages)
    messages.clear()
    Seen.batches.clear()

    assert message() is None
    timers[0].cancel()


async def test_an_error_of_the_handler_reaches_who_sent_the_batch(
    broker: RabbitBroker, subscriber: BatchSubscriber
) -> None:
    @subscriber
    async def apply_events(_: Batch) -> None:
        raise ZeroDivisionError

    await broker.start()

    with pytest.raises(ZeroDivisionError):
        await subscriber.process(batch(1))


async def test_the_broker_starts_and_stops_the_deliveries(
    broker: RabbitBroker, subscriber: BatchSubscriber, calls: Calls
) -> None:
    await broker.start()
    assert (calls.said, subscriber.running) == (["consume"], True)

    await broker.stop()

    assert (calls.said, subscriber.running) == (["consume", "cancel"], False)
