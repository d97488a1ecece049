"""Why RabbitMQ cancelled a consumer, which `basic.cancel` does not say."""

import asyncio

from aiormq.abc import AbstractConnection
from aiormq.exceptions import ChannelNotFoundEntity

from worker.infra.durations import Durations
from worker.infra.messaging.amqp.connection import BROKER_ERRORS

DELETED = "the queue was deleted"
HELD_TOO_LONG = (
    "a delivery was not settled within RabbitMQ's consumer timeout; all unsettled ones come again"
)
DELETED_OR_HELD_TOO_LONG = (
    "the queue was deleted, or a delivery was not settled within RabbitMQ's consumer timeout"
)


async def why_cancelled(connection: AbstractConnection, queue: str, durations: Durations) -> str:
    """Asks until the queue is gone, or has stayed.

    From 4.3 on RabbitMQ cancels a consumer for a delivery timeout, where versions before close the
    channel. It cancels the consumers of a deleted queue some 20 ms before the queue is gone.
    """
    exists = False
    try:
        async with asyncio.timeout(durations.cancelled_watch):
            channel = await connection.channel(publisher_confirms=False)
            while True:
                await channel.queue_declare(queue, passive=True)
                exists = True
                await asyncio.sleep(durations.cancelled_poll)
    except ChannelNotFoundEntity:
        return DELETED
    except BROKER_ERRORS:  # also the TimeoutError of the watch
        return HELD_TOO_LONG if exists else DELETED_OR_HELD_TOO_LONG
