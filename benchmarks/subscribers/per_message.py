"""The worker on FastStream's public subscriber: one call per message, which adds it to a batch."""

from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

from aio_pika import IncomingMessage
from faststream import AckPolicy, StreamMessage
from faststream.rabbit import QueueType, RabbitBroker, RabbitQueue

from worker.cli.main import main
from worker.infra.messaging.amqp.delivery import Delivery
from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.consuming import subscription as subscriptions
from worker.infra.messaging.consuming.batch_handler import BatchHandler
from worker.infra.messaging.consuming.batch_subscriber import Batch
from worker.infra.messaging.names import MAIN_QUEUE


def subscribe_per_message(
    broker: RabbitBroker,
    handler: BatchHandler,
    *,
    consume: Callable[..., Awaitable[None]],
    cancel: Callable[..., Awaitable[None]],
) -> SimpleNamespace:
    """Replaces `subscribe_to_inventory_events`; batches go straight to the handler."""
    del cancel
    subscription: Any = consume.__self__  # type: ignore[attr-defined] # a method of it

    @broker.subscriber(
        RabbitQueue(MAIN_QUEUE, QueueType.QUORUM, declare=False, robust=False),
        ack_policy=AckPolicy.MANUAL,
        no_reply=True,
        decoder=_as_it_is,
    )
    async def take(message: StreamMessage[IncomingMessage]) -> None:
        raw = message.raw_message
        subscription._channel = raw.channel  # noqa: SLF001 - acknowledges there
        subscription._last_tag = raw.delivery_tag  # noqa: SLF001 - what is in flight is counted
        subscription._on_delivery(  # noqa: SLF001 - what its own consumer would call
            Delivery(
                Message(raw.body, raw.properties, raw.exchange or "", raw.routing_key or ""),
                raw.delivery_tag or 0,
                subscription,
                bool(raw.redelivered),
            )
        )

    async def process(batch: Batch) -> None:
        results = await handler.apply(batch)
        if results is not None:
            await handler.settle(batch, results, 0)

    return SimpleNamespace(process=process)


async def _as_it_is(message: StreamMessage[Any]) -> StreamMessage[Any]:
    return message


if __name__ == "__main__":
    setattr(subscriptions, "subscribe_to_inventory_events", subscribe_per_message)  # noqa: B010 - the module exports no such name
    main()
