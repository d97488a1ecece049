import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from aio_pika.abc import AbstractConnection
from aiormq.exceptions import ChannelNotFoundEntity

from worker.infra.durations import Durations
from worker.infra.messaging.amqp import nodes


@dataclass(frozen=True, slots=True)
class QueueDepth:
    """Messages that wait in a queue and that nobody holds, and who consumes it.

    Both are None if there is no such queue.
    """

    queue: str
    ready: int | None
    consumers: int | None


async def read_depths(url: str, queues: Sequence[str], durations: Durations) -> list[QueueDepth]:
    """The depths as the broker counts them now.

    Raises:
        BROKER_ERRORS: it does not answer.
    """
    connection, _ = await nodes.connect(url, "inventory-worker-status", durations)
    async with connection, asyncio.timeout(durations.call):
        return [await _read(connection, queue) for queue in queues]


async def _read(connection: AbstractConnection, queue: str) -> QueueDepth:
    """On a channel of its own, which RabbitMQ closes where there is no such queue."""
    channel = await connection.channel()
    try:
        counted = (await channel.get_queue(queue)).declaration_result
    except ChannelNotFoundEntity:
        return QueueDepth(queue, None, None)
    await channel.close()
    return QueueDepth(queue, counted.message_count, counted.consumer_count)
