"""What a subscription writes on its channel, and when it knows itself lost."""

import asyncio
from typing import Any, Self, cast

import pytest
from aiormq import Channel
from aiormq.abc import ConsumerCallback, DeliveredMessage
from aiormq.exceptions import (
    ChannelInvalidStateError,
    ChannelNotFoundEntity,
    ConnectionInternalError,
)
from faststream.rabbit import RabbitBroker
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from worker.infra.durations import Durations
from worker.infra.messaging.amqp.delivery import Delivery
from worker.infra.messaging.amqp.delivery_transport import DeliveryTransport
from worker.infra.messaging.consuming.batch_handler import BatchHandler
from worker.infra.messaging.consuming.batching import Process
from worker.infra.messaging.consuming.subscription import UNDELIVERABLE, Subscription
from worker.infra.messaging.names import MAIN_QUEUE

DURATIONS = Durations(write=0.05, acks_in_transit=0.001, cancelled_watch=0.05, cancelled_poll=0.001)


class FakeConnection:
    """Answers one question for a queue after the other; the last answer stays."""

    def __init__(self) -> None:
        self.found: list[Exception | None] = []

    async def channel(self, *, publisher_confirms: bool) -> Self:
        assert not publisher_confirms
        return self

    async def queue_declare(self, queue: str, *, passive: bool) -> None:
        assert (queue, passive) == (MAIN_QUEUE, True)
        answer = self.found.pop(0) if len(self.found) > 1 else self.found[0]
        if answer is not None:
            raise answer


class FakeChannel:
    """Takes down what is written; a full one takes nothing until it is cancelled."""

    def __init__(self) -> None:
        self.connection = FakeConnection()
        self.closing: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.on_consumer_cancel_callbacks: set[Any] = set()
        self.number = 1
        self.tag = ""
        self.consumers: dict[str, ConsumerCallback] = {}
        self.is_closed = False
        self.is_full = False
        self.is_broken = False
        self.is_closing = False
        self.said: list[tuple[object, ...]] = []
        self.gave_all_back = asyncio.Event()

    async def basic_consume(
        self,
        queue: str,
        callback: ConsumerCallback,
        *,
        consumer_tag: str,
        arguments: dict[str, str],
    ) -> None:
        assert arguments == {"x-inventory-worker-database": "fingerprint"}
        self.said.append(("consume", queue))
        self.tag = consumer_tag
        self.consumers[consumer_tag] = callback

    async def basic_ack(self, tag: int, *, multiple: bool, wait: bool) -> None:
        await self._write("ack", tag, multiple, wait)

    async def basic_nack(
        self, tag: int, *, multiple: bool = False, requeue: bool, wait: bool
    ) -> None:
        await self._write("nack", tag, multiple, requeue, wait)
        if multiple:
            self.gave_all_back.set()

    async def basic_cancel(self, tag: str, timeout: float) -> None:  # noqa: ASYNC109 - as aiormq
        assert timeout == DURATIONS.close
        await self._write("cancel", tag)

    async def deliver(self, tag: int) -> None:
        deliver = Basic.Deliver(self.tag, tag, redelivered=True, exchange="e", routing_key="k")
        header = ContentHeader(properties=Basic.Properties(message_id="m"))
        message = DeliveredMessage(deliver, header, b"body", cast("Channel", self))
        await self.consumers[self.tag](message)

    async def _write(self, *said: object) -> None:
        if self.is_full:
            await asyncio.Event().wait()
        if self.is_closing:
            raise asyncio.CancelledError  # which aiormq gives to whoever waits on it
        if self.is_broken:
            raise ChannelInvalidStateError
        self.said.append(said)


class Taken:
    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []

    def send_to(self, process: Process) -> None: ...

    def deliver(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)


class Opened(Subscription):
    """A subscription whose broker has just opened the channel."""

    def __init__(self) -> None:
        self.taken = Taken()
        broker = RabbitBroker("amqp://127.0.0.1:1/", logger=None)
        handler = cast("BatchHandler", None)
        super().__init__(
            *(broker, DeliveryTransport(), self.taken, handler),
            *(DURATIONS, "fingerprint", "rabbit-1:5672"),
        )

    async def begin(self, channel: FakeChannel) -> None:
        await self._consume(cast("Channel", channel))
        channel.said.clear()


@pytest.fixture
async def channel() -> FakeChannel:
    return FakeChannel()


@pytest.fixture
async def subscription(channel: FakeChannel) -> Opened:
    opened = Opened()
    await opened.begin(channel)
    return opened


async def deliver(channel: FakeChannel, *tags: int) -> None:
    for tag in tags:
        await channel.deliver(tag)


async def test_it_consumes_as_long_as_the_broker_knows_its_consumer(
    subscription: Opened, channel: FakeChannel
) -> None:
    assert subscription.is_consuming

    channel.consumers.clear()

    assert not subscription.is_consuming


async def test_it_does_not_consume_on_a_channel_that_is_closed(
    subscription: Opened, channel: FakeChannel
) -> None:
    channel.is_closed = True

    assert not subscription.is_consuming


async def test_it_does_not_consume_before_it_has_a_channel_nor_after_it_is_lost(
    subscription: Opened,
) -> None:
    assert not Opened().is_consuming

    subscription.give_up("enough")

    assert not subscription.is_consuming


async def test_deliveries_are_in_flight_until_they_are_settled(
    subscription: Opened, channel: FakeChannel
) -> None:
    assert subscription.in_flight == 0
    await deliver(channel, 1, 2, 3, 4)
    assert [taken.tag for taken in subscription.taken.deliveries] == [1, 2, 3, 4]
    assert subscription.in_flight == 4

    assert not subscription.has_settled

    await subscription.acknowledge([2, 1])
    await subscription.give_back(4)

    assert subscription.in_flight == 1
    assert subscription.has_settled


async def test_what_is_settled_is_told_to_the_broker_without_waiting_for_its_answer(
    subscription: Opened, channel: FakeChannel
) -> None:
    await deliver(channel, 1, 2, 3, 4, 5)

    await subscription.acknowledge([2, 1])
    await subscription.give_back(4)
    await subscription.reject(3)
    await subscription.acknowledge([5])

    assert channel.said == [
        ("ack", 2, True, False),
        ("nack", 4, False, True, False),
        ("nack", 3, False, False, False),
        ("ack", 5, True, False),
    ]


async def test_the_first_reason_for_which_it_is_lost_stands(subscription: Opened) -> None:
    subscription.give_up("the first")
    subscription.give_up("the second")

    assert subscription.is_lost
    assert await subscription.wait_lost() == "the first"


async def test_once_lost_nothing_is_written_any_more(
    subscription: Opened, channel: FakeChannel
) -> None:
    await deliver(channel, 1, 2, 3)
    subscription.give_up("gone")

    await subscription.acknowledge([1])
    await subscription.give_back(2)
    await subscription.reject(3)
    await subscription.cancel()

    assert channel.said == []


async def test_without_a_channel_nothing_is_written_and_nothing_fails() -> None:
    subscription = Opened()

    await subscription.acknowledge([1])
    await subscription.give_back(2)
    await subscription.cancel()

    assert not subscription.is_lost


async def test_a_connection_that_takes_nothing_any_more_is_lost(
    subscription: Opened, channel: FakeChannel
) -> None:
    await deliver(channel, 1)
    channel.is_full = True

    await asyncio.wait_for(subscription.acknowledge([1]), timeout=10)

    assert subscription.lost_because == "RabbitMQ accepted no writes for 0.05 s"


async def test_whoever_writes_on_a_full_connection_is_freed_once_it_is_lost(
    channel: FakeChannel,
) -> None:
    subscription = Opened()
    await subscription.begin(channel)
    channel.is_full = True
    writing = asyncio.create_task(subscription.give_back(1))
    await asyncio.sleep(0)

    subscription.give_up("the broker is gone")

    await asyncio.wait_for(writing, timeout=10)
    assert subscription.lost_because == "the broker is gone"


async def test_no_ack_covers_a_delivery_that_could_not_be_given_back(
    subscription: Opened, channel: FakeChannel
) -> None:
    await deliver(channel, 1, 2)
    channel.is_full = True
    answers = [
        asyncio.create_task(subscription.give_back(1)),
        asyncio.create_task(subscription.acknowledge([2])),
    ]

    await subscription.wait_lost()
    channel.is_full = False
    await asyncio.wait_for(asyncio.gather(*answers), timeout=10)

    assert channel.said == []


async def test_a_channel_that_breaks_under_an_ack_costs_no_exception(
    subscription: Opened, channel: FakeChannel
) -> None:
    await deliver(channel, 1)
    channel.is_broken = True

    await subscription.acknowledge([1])
    await subscription.cancel()

    assert channel.said == []


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ConnectionResetError("reset"), "the channel was closed: ConnectionResetError reset"),
        (None, "the channel was closed: without a reason"),
        (
            ConnectionInternalError("INTERNAL_ERROR"),
            f"the channel was closed: 541 INTERNAL_ERROR{UNDELIVERABLE}",
        ),
        (
            ConnectionInternalError("INTERNAL_ERROR - Cannot get a message: nodedown"),
            "the channel was closed: 541 INTERNAL_ERROR - Cannot get a message: nodedown",
        ),
    ],
)
async def test_a_closed_channel_loses_the_subscription_and_tells_why(
    error: Exception | None, reason: str, subscription: Opened, channel: FakeChannel
) -> None:
    if error is None:
        channel.closing.set_result(None)
    else:
        channel.closing.set_exception(error)

    assert await asyncio.wait_for(subscription.wait_lost(), timeout=10) == reason


async def test_a_channel_whose_closing_was_cancelled_is_closed_too(
    subscription: Opened, channel: FakeChannel
) -> None:
    channel.closing.cancel()

    reason = await asyncio.wait_for(subscription.wait_lost(), timeout=10)

    assert reason == "the channel was closed: without a reason"


@pytest.mark.parametrize(
    ("found", "cause"),
    [
        ([ChannelNotFoundEntity()], "the queue was deleted"),
        ([None, None, ChannelNotFoundEntity()], "the queue was deleted"),
        ([None], "a delivery was not settled within RabbitMQ's consumer timeout"),
        ([None, ChannelInvalidStateError()], "a delivery was not settled within"),
        ([ChannelInvalidStateError()], "the queue was deleted, or a delivery was not settled"),
    ],
)
async def test_a_consumer_that_the_broker_cancels_is_lost(
    found: list[Exception | None], cause: str, subscription: Opened, channel: FakeChannel
) -> None:
    channel.connection.found = found
    [callback] = channel.on_consumer_cancel_callbacks

    await callback(Basic.Cancel(channel.tag))

    assert subscription.lost_because.startswith(f"the broker cancelled our consumer: {cause}")


async def test_a_consumer_that_is_cancelled_again_asks_nothing_more(
    subscription: Opened, channel: FakeChannel
) -> None:
    [callback] = channel.on_consumer_cancel_callbacks
    subscription.give_up("the first")

    await callback(Basic.Cancel(channel.tag))

    assert subscription.lost_because == "the first"


async def test_closing_gives_back_all_that_is_unsettled_at_once(
    subscription: Opened, channel: FakeChannel
) -> None:
    await deliver(channel, 1, 2)

    await subscription.close()

    assert channel.said == [("cancel", channel.tag), ("nack", 0, True, True, False)]
    assert subscription.lost_because == "closed"


async def test_nothing_is_acknowledged_once_all_has_been_given_back(
    subscription: Opened, channel: FakeChannel
) -> None:
    """RabbitMQ would close the channel for a tag that it has in the queue again."""
    await deliver(channel, 1, 2)
    closing = asyncio.create_task(subscription.close())
    await asyncio.wait_for(channel.gave_all_back.wait(), timeout=10)

    await subscription.acknowledge([1])

    await closing
    assert channel.said[-1] == ("nack", 0, True, True, False)


async def test_a_connection_that_closes_meanwhile_does_not_end_the_task_that_closes_it(
    subscription: Opened, channel: FakeChannel
) -> None:
    channel.is_closing = True

    await subscription.close()

    assert channel.said == []
    assert subscription.lost_because == "closed"


async def test_closing_writes_nothing_on_a_channel_that_is_closed(
    subscription: Opened, channel: FakeChannel
) -> None:
    subscription.give_up("the broker is gone")
    channel.is_closed = True

    await subscription.close()

    assert channel.said == []
    assert subscription.lost_because == "the broker is gone"


async def test_a_subscription_that_never_had_a_channel_can_be_closed() -> None:
    subscription = Opened()

    await subscription.close()

    assert subscription.is_lost


async def test_a_delivery_by_aiormq_is_read_with_what_its_settling_needs(
    subscription: Opened, channel: FakeChannel
) -> None:
    await deliver(channel, 7)

    [delivery] = subscription.taken.deliveries
    assert (delivery.tag, delivery.redelivered, delivery.subscription) == (7, True, subscription)
    message = delivery.message
    assert (message.exchange, message.routing_key, message.body) == ("e", "k", b"body")
    assert message.properties.message_id == "m"
    assert message.headers == {}
