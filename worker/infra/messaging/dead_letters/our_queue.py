"""Connections for operator commands, and the one check before they take messages of a queue."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from aio_pika.abc import AbstractConnection
from aiormq.abc import AbstractChannel
from aiormq.exceptions import (
    AMQPConnectionError,
    ChannelInvalidStateError,
    ChannelNotFoundEntity,
    ChannelPreconditionFailed,
)
from pamqp.commands import Basic

from worker.infra.durations import Durations
from worker.infra.messaging.amqp import nodes
from worker.infra.messaging.amqp.confirming_publisher import BrokerLostError
from worker.infra.messaging.amqp.connection import BROKER_ERRORS, in_brief
from worker.infra.messaging.dead_letters.errors import (
    BrowseLostError,
    NoAnswerError,
    NotOurQueueError,
    QueueMissingError,
)
from worker.infra.messaging.topology import QueueSpec

RABBITMQ_LOST = (
    NoAnswerError,
    BrowseLostError,
    BrokerLostError,
    AMQPConnectionError,
    ChannelInvalidStateError,
)
"""What was sent or acknowledged last may have arrived or not."""


@asynccontextmanager
async def connect(url: str, durations: Durations) -> AsyncIterator[AbstractConnection]:
    """A connection for commands on dead letters.

    Raises:
        NoAnswerError: there is none.
    """
    with naming_rabbitmq():
        connection, _ = await nodes.connect(url, "inventory-worker-dlq", durations)
    async with connection:
        yield connection


@contextmanager
def naming_rabbitmq() -> Iterator[None]:
    """Else its errors could be those of PostgreSQL: both are errors of a socket.

    Raises:
        NoAnswerError: RabbitMQ or the connection to it fails.
    """
    try:
        yield
    except BROKER_ERRORS as trouble:
        raise NoAnswerError(in_brief(trouble)) from trouble


async def open_channel(connection: AbstractConnection, durations: Durations) -> AbstractChannel:
    """A channel without confirms."""
    channel = connection.channel(publisher_confirms=False)
    await channel.initialize(timeout=durations.call)
    return await channel.get_underlay_channel()


async def count_ready(connection: AbstractConnection, queue: str, durations: Durations) -> int:
    """Messages of a queue that nobody holds.

    Raises:
        QueueMissingError: there is no such queue.
    """
    channel = await open_channel(connection, durations)
    try:
        declared = await channel.queue_declare(queue, passive=True, timeout=durations.call)
    except ChannelNotFoundEntity:
        raise QueueMissingError(queue) from None
    await channel.close()
    return declared.message_count or 0


async def is_empty(connection: AbstractConnection, queue: str, durations: Durations) -> bool:
    """Whether a queue has no message that nobody holds.

    RabbitMQ also counts 0 while the leader of the queue does not answer; a get waits for it.

    Raises:
        QueueMissingError: there is no such queue.
        TimeoutError: it did not answer.
    """
    if await count_ready(connection, queue, durations):
        return False
    channel = await open_channel(connection, durations)
    got = await channel.basic_get(queue, timeout=durations.call)
    await channel.close()
    return isinstance(got.delivery, Basic.GetEmpty)


async def check_is_ours(
    connection: AbstractConnection, spec: QueueSpec, durations: Durations
) -> None:
    """Declares what exists already, which changes nothing and compares the arguments.

    Raises:
        QueueMissingError: there is no such queue.
        NotOurQueueError: it has other arguments than ours.
    """
    await count_ready(connection, spec.name, durations)
    channel = await open_channel(connection, durations)
    arguments: dict[str, Any] = {"x-queue-type": "quorum", **spec.arguments}
    try:
        await channel.queue_declare(
            spec.name, durable=True, arguments=arguments, timeout=durations.call
        )
    except ChannelPreconditionFailed:
        raise NotOurQueueError(spec.name) from None
    await channel.close()
