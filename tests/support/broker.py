"""A publisher and an observer of queues, independent of the worker's code except for names."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection

from tests.support.histories import Event
from worker.infra.messaging.amqp.nodes import NodeConnection

MAIN = "inventory-worker"
DEAD_LETTERS = "inventory-worker.dead-letters"

PATIENT_DELAYS = "100ms,200ms,400ms,600ms,800ms,1s,2s,3s,5s,30s"
"""Enough retries for a late creation, even on a busy machine."""

USED_DELAYS = (*PATIENT_DELAYS.split(","), "2m")
"""All delays used in tests: a message left in such a queue would return in another test."""


class Broker:
    """A connection to the test's vhost."""

    def __init__(self, connection: AbstractConnection, channel: AbstractChannel) -> None:
        self.connection = connection
        self._channel = channel

    async def publish(self, events: Iterable[Event], **headers: str) -> int:
        """Publishes in order with confirms and these headers; returns how many."""
        exchange = await self._channel.get_exchange("inventory.events", ensure=False)
        count = 0
        for event in events:
            message = aio_pika.Message(
                event.body,
                content_type="application/json",
                delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
                message_id=event.message_id,
                type=event.type,
                app_id=event.source or None,
                headers=dict(headers),
            )
            await exchange.publish(message, event.routing_key, mandatory=True)
            count += 1
        return count

    async def count(self, queue: str) -> int:
        """Messages ready in a queue."""
        declared = await self._channel.declare_queue(queue, passive=True)
        return int(declared.declaration_result.message_count or 0)

    async def take_all(self, queue: str) -> list[aio_pika.abc.AbstractIncomingMessage]:
        """Removes and returns every message of a queue."""
        source = await self._channel.get_queue(queue)
        taken = []
        while message := await source.get(no_ack=True, fail=False):
            taken.append(message)
        return taken

    async def take_each(self, queue: str) -> AsyncIterator[aio_pika.abc.AbstractIncomingMessage]:
        """Removes one message after the other, each when the next one is asked for."""
        source = await self._channel.get_queue(queue)
        while message := await source.get(fail=False):
            yield message
            await message.ack()

    async def put_back(self, message: aio_pika.abc.AbstractMessage, queue: str) -> None:
        """Publishes a message as it is, as a shovel would."""
        await self._channel.default_exchange.publish(message, queue, mandatory=True)

    async def purge(self, queue: str) -> None:
        """Empties a queue, as an operator may."""
        await (await self._channel.get_queue(queue)).purge()

    async def delete_queue(self, name: str) -> None:
        """Deletes a queue with its messages, if it exists."""
        await self._channel.queue_delete(name)


@asynccontextmanager
async def connect(url: str, **options: Any) -> AsyncIterator[Broker]:
    connection = await aio_pika.connect(url, connection_class=NodeConnection, **options)
    async with connection:
        yield Broker(connection, await connection.channel(on_return_raises=True))


async def delete_our_queues(url: str) -> None:
    """Removes the queues that workers of earlier tests declared, whatever their delays."""
    retries = [f"inventory-worker.retry.{delay}" for delay in USED_DELAYS]
    async with connect(url) as broker:
        for name in (MAIN, DEAD_LETTERS, *retries):
            await broker.delete_queue(name)
