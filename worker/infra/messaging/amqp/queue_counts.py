from dataclasses import dataclass

from aiormq.abc import AbstractConnection
from aiormq.exceptions import ChannelNotFoundEntity


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """What RabbitMQ tells any client of a queue: messages that wait, and consumers."""

    ready: int
    consumers: int


async def count_queue(connection: AbstractConnection, queue: str) -> QueueCounts:
    """Asks on a channel of its own, which a queue that does not exist closes.

    A quorum queue whose leader does not answer at once counts as empty and without consumers, as
    one that does not exist: ask again before you believe it.
    """
    channel = await connection.channel(publisher_confirms=False)
    try:
        declared = await channel.queue_declare(queue, passive=True)
    except ChannelNotFoundEntity:
        return QueueCounts(0, 0)
    await channel.close()
    return QueueCounts(declared.message_count or 0, declared.consumer_count or 0)
