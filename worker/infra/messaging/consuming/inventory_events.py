"""The FastStream subscriber whose handler applies a batch of events."""

import time
from collections.abc import Awaitable, Callable

from aiormq import Channel as AmqpChannel
from faststream.rabbit import QueueType, RabbitBroker, RabbitQueue

from worker.infra.messaging.consuming.batch_handler import BatchHandler
from worker.infra.messaging.consuming.batch_subscriber import Batch, BatchSubscriber
from worker.infra.messaging.names import MAIN_QUEUE


def subscribe_to_inventory_events(
    broker: RabbitBroker,
    handler: BatchHandler,
    *,
    consume: Callable[[AmqpChannel], Awaitable[None]],
    cancel: Callable[[], Awaitable[None]],
) -> BatchSubscriber:
    """Registers the subscriber; `broker.start()` and `broker.stop()` start and stop it."""
    queue = RabbitQueue(MAIN_QUEUE, QueueType.QUORUM, declare=False, robust=False)
    inventory_events = BatchSubscriber(broker, queue, consume=consume, cancel=cancel)

    @inventory_events
    async def apply_events(batch: Batch) -> None:
        """Applies a batch in one transaction, then settles each of its messages."""
        began = time.perf_counter()
        results = await handler.apply(batch)
        if results is not None:
            await handler.settle(batch, results, time.perf_counter() - began)

    return inventory_events
