from dataclasses import dataclass

from aiormq.abc import AbstractConnection
from aiormq.exceptions import ChannelNotFoundEntity

from worker.infra.messaging.amqp.connection import closing_is_an_error


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """What RabbitMQ tells any client of a queue: messages that wait, and consumers."""

    ready: int
    consumers: int


@closing_is_an_error()
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


@closing_is_an_error()
async def ask_leader(connection: AbstractConnection, queue: str) -> None:
    """Takes a message of an empty queue: the leader answers after most members agreed.

    Counts prove less: a leader that a partition cut off from the others still tells them. A
    message that has come meanwhile goes back with the channel.
    """
    channel = await connection.channel(publisher_confirms=False)
    await channel.basic_get(queue)
    await channel.close()
