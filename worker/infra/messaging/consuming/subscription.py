"""One life of our consumer: a connection, a channel, a consumer tag."""

import asyncio
from contextlib import suppress
from functools import partial
from typing import Protocol, Self
from uuid import uuid4

import structlog
from aiormq import Channel as AmqpChannel
from aiormq.abc import AbstractConnection, DeliveredMessage
from aiormq.exceptions import ConnectionInternalError
from faststream.rabbit import Channel, RabbitBroker
from pamqp.commands import Basic
from typing_extensions import override

from worker.infra.durations import Durations
from worker.infra.messaging.amqp.cancellation import why_cancelled
from worker.infra.messaging.amqp.connection import (
    BROKER_ERRORS,
    closing_is_an_error,
    in_brief,
)
from worker.infra.messaging.amqp.delivery import Delivery, read_message
from worker.infra.messaging.amqp.delivery_transport import DeliveryTransport
from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.amqp.nodes import Node, RobustNodeConnection, to_a_node
from worker.infra.messaging.consuming.acknowledgements import Acknowledgements
from worker.infra.messaging.consuming.batch_handler import BatchHandler
from worker.infra.messaging.consuming.batching import Process
from worker.infra.messaging.consuming.inventory_events import subscribe_to_inventory_events
from worker.infra.messaging.consuming.lookout import Watched
from worker.infra.messaging.consuming.loss import Loss
from worker.infra.messaging.names import DATABASE_ARGUMENT, MAIN_QUEUE
from worker.infra.messaging.retry_delays import RetryDelay
from worker.infra.messaging.topology import declare_topology

UNTOLD = "INTERNAL_ERROR"
UNDELIVERABLE = ", perhaps by a message that RabbitMQ cannot convert from AMQP 1.0"
"""Such a message ends every connection that it is delivered on, and RabbitMQ does not say more."""

_log = structlog.get_logger(__name__)


class TakesDeliveries(Protocol):
    """`Batching`, or its replacement in tests."""

    def send_to(self, process: Process) -> None:
        """Sets the handler of batches; called before the first delivery."""
        ...

    def deliver(self, delivery: Delivery) -> None:
        """Adds a delivery."""
        ...


class Subscription(Watched):
    """Consumes the main queue until it is lost or closed; it is never reopened.

    FastStream connects, declares, starts and stops; the deliveries are taken from its channel one
    layer below, many to a batch. `docs/decisions/0002-deliveries.md` has what this saves, and
    which messages could block the layers above.
    """

    def __init__(
        self,
        broker: RabbitBroker,
        transport: DeliveryTransport,
        batching: TakesDeliveries,
        handler: BatchHandler,
        durations: Durations,
        database: str,
        node: str,
    ) -> None:
        self._node = node
        self._broker = broker
        self._transport = transport
        self._database = database
        self._on_delivery = batching.deliver
        self._durations = durations
        self._loss = Loss()
        self._acknowledgements = Acknowledgements(self._loss, durations)
        self._channel: AmqpChannel | None = None
        self._consumer_tag: str | None = None
        self._last_tag = 0
        inventory_events = subscribe_to_inventory_events(
            broker, handler, consume=self._consume, cancel=self.cancel
        )
        batching.send_to(inventory_events.process)

    @classmethod
    async def open(  # noqa: PLR0913 - all but the URL by name
        cls,
        url: str,
        *,
        prefetch: int,
        delays: tuple[RetryDelay, ...],
        batching: TakesDeliveries,
        handler: BatchHandler,
        durations: Durations,
        database: str,
        left: str | None = None,
    ) -> Self:
        """Connects, declares the topology and starts consuming, at the first node that lets us.

        One that a partition cut off lets us connect, and then answers nothing. `database` is the
        fingerprint of the database, for operators who list consumers; `left` is a node to be tried
        last.
        """

        async def open_at(node: Node) -> Self:
            transport = DeliveryTransport()
            broker = await _connect(prefetch, transport, node)
            subscription = cls(broker, transport, batching, handler, durations, database, node.name)
            try:
                async with closing_is_an_error():
                    await declare_topology(broker, delays)
                    await broker.start()
            except BaseException:
                await subscription._disconnect()
                raise
            return subscription

        return await to_a_node(url, "inventory-worker", open_at, durations, left)

    @property
    @override
    def node(self) -> str:
        return self._node

    @property
    @override
    def is_lost(self) -> bool:
        return self._loss.has_happened

    @property
    @override
    def is_consuming(self) -> bool:
        """Whether our consumer is still registered, which an open socket does not prove."""
        channel = self._channel
        return (
            channel is not None
            and not self.is_lost
            and not channel.is_closed
            and self._consumer_tag in channel.consumers
        )

    @property
    @override
    def in_flight(self) -> int:
        """Number of unsettled deliveries; tags count from 1 without gaps."""
        return self._last_tag - self._acknowledgements.settled_count

    @property
    @override
    def delivered(self) -> int:
        return self._last_tag

    @property
    @override
    def consumer_tag(self) -> str:
        return self._consumer_tag or ""

    @property
    @override
    def connection(self) -> AbstractConnection:
        assert self._channel is not None, "it consumes"
        return self._channel.connection

    @property
    def has_settled(self) -> bool:
        """Whether it got anywhere: not to where RabbitMQ cannot deliver what comes next."""
        is_stuck = self.lost_because.endswith(UNDELIVERABLE)
        return self._acknowledgements.settled_count > 0 and not is_stuck

    @property
    def lost_because(self) -> str:
        """Why it is lost; empty while it is not."""
        return self._loss.reason

    async def wait_lost(self) -> str:
        """Waits until the subscription is lost; returns the reason."""
        return await self._loss.wait()

    @override
    def give_up(self, reason: str) -> None:
        self._loss.happen(reason)

    @override
    async def acknowledge(self, tags: list[int]) -> None:
        await self._acknowledgements.acknowledge(tags)

    @override
    async def give_back(self, tag: int) -> None:
        await self._acknowledgements.give_back(tag)

    @override
    async def reject(self, tag: int) -> None:
        await self._acknowledgements.reject(tag)

    async def cancel(self) -> None:
        """Stops deliveries; those already received can still be settled."""
        channel, tag = self._channel, self._consumer_tag
        if channel is not None and tag is not None and not self.is_lost:
            with suppress(*BROKER_ERRORS):
                async with closing_is_an_error():
                    await channel.basic_cancel(tag, timeout=self._durations.close)

    async def drain(self) -> None:
        """Returns once all deliveries are settled, or lost; call it after `cancel`."""
        while self.in_flight and not self.is_lost:  # noqa: ASYNC110 - each ack would set an event
            await asyncio.sleep(self._durations.linger)

    async def close(self) -> None:
        """Requeues unsettled deliveries and disconnects."""
        await self.cancel()
        if self._channel is not None and not self._channel.is_closed:
            if self.in_flight:
                _log.info("giving back", messages=self.in_flight)
            with suppress(*BROKER_ERRORS):
                async with asyncio.timeout(self._durations.close), closing_is_an_error():
                    await self._acknowledgements.give_back_all()
                await asyncio.sleep(self._durations.acks_in_transit)
        self.give_up("closed")
        await self._disconnect()

    async def _consume(self, channel: AmqpChannel) -> None:
        self._channel = channel
        self._acknowledgements.write_to(channel)
        channel.closing.add_done_callback(self._on_channel_closed)
        channel.on_consumer_cancel_callbacks.add(self._on_cancelled_by_broker)
        tag = f"ctag{channel.number}.{uuid4().hex}"  # as aiormq names it
        self._transport.take(channel.number, tag, self._take)
        await channel.basic_consume(
            MAIN_QUEUE,
            self._take_from_aiormq,
            consumer_tag=tag,
            arguments={DATABASE_ARGUMENT: self._database},
        )
        self._consumer_tag = tag

    def _take(self, message: Message, tag: int, redelivered: bool) -> None:  # noqa: FBT001 - called for each delivery
        self._last_tag = tag
        self._on_delivery(Delivery(message, tag, self, redelivered))

    async def _take_from_aiormq(self, delivered: DeliveredMessage) -> None:
        """Takes a delivery that did not come through our transport."""
        deliver = delivered.delivery
        assert isinstance(deliver, Basic.Deliver)
        self._take(read_message(delivered), deliver.delivery_tag or 0, deliver.redelivered)

    def _on_channel_closed(self, closing: asyncio.Future[object]) -> None:
        reason = None if closing.cancelled() else closing.exception()
        told = "without a reason" if reason is None else in_brief(reason)
        is_untold = isinstance(reason, ConnectionInternalError) and told.endswith(UNTOLD)
        hint = UNDELIVERABLE if is_untold else ""
        self.give_up(f"the channel was closed: {told}{hint}")

    async def _on_cancelled_by_broker(self, _: Basic.Cancel) -> None:
        if self._channel is not None and not self.is_lost:  # RabbitMQ 4.3 may cancel it twice
            why = await why_cancelled(self._channel.connection, MAIN_QUEUE, self._durations)
            self.give_up(f"the broker cancelled our consumer: {why}")

    async def _disconnect(self) -> None:
        try:
            async with asyncio.timeout(self._durations.close), closing_is_an_error():
                await self._broker.stop()
        except Exception as error:  # noqa: BLE001 - the broker is already gone, or was never there
            _log.debug("disconnecting failed", error=in_brief(error))


async def _connect(prefetch: int, transport: DeliveryTransport, node: Node) -> RabbitBroker:
    broker = RabbitBroker(
        node.url,
        default_channel=Channel(prefetch_count=prefetch, publisher_confirms=False),
        apply_types=False,
        serializer=None,  # the handler gets decoded messages
        logger=None,
    )
    kwargs = broker._connection_kwargs  # noqa: SLF001 - the only way to aio-pika's options
    kwargs["connection_class"] = partial(transport.connection, RobustNodeConnection)
    await broker.connect()
    return broker
