"""A subscription on a channel without a broker."""

import asyncio
from typing import Any, Self, cast

from aiormq import Channel
from aiormq.abc import ConsumerCallback, DeliveredMessage
from aiormq.exceptions import ChannelInvalidStateError
from faststream.rabbit import RabbitBroker
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from worker.infra.durations import Durations
from worker.infra.messaging.amqp.delivery import Delivery
from worker.infra.messaging.amqp.delivery_transport import DeliveryTransport
from worker.infra.messaging.consuming.batch_handler import BatchHandler
from worker.infra.messaging.consuming.batching import Process
from worker.infra.messaging.consuming.subscription import Subscription
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

    async def deliver(self, *tags: int) -> None:
        for tag in tags:
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
