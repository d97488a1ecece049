"""A publisher that retries until every event is confirmed, whatever happens to the broker."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import aio_pika
from aio_pika.abc import AbstractExchange
from aio_pika.exceptions import CONNECTION_EXCEPTIONS, DeliveryError

from tests.support.histories import Event
from worker.infra.messaging.amqp.nodes import NodeConnection

_UNCONFIRMED_AT_MOST = 100
_CONFIRM_SECONDS = 20
_PAUSE_SECONDS = 0.2
_TROUBLE = (*CONNECTION_EXCEPTIONS, DeliveryError, TimeoutError, RuntimeError)


async def publish_persistently(
    find_url: Callable[[], str], chunks: AsyncIterator[Sequence[Event]]
) -> None:
    """Publishes in about this order; unconfirmed events are published again.

    `find_url` is asked before each connect: another node may have to do.
    """
    left = deque[Event]()
    ended = False
    while not ended:
        try:
            async with _open_exchange(find_url()) as exchange:
                await _publish_all(exchange, left)
                async for chunk in chunks:
                    left.extend(chunk)
                    await _publish_all(exchange, left)
                ended = True
        except _TROUBLE:
            await asyncio.sleep(_PAUSE_SECONDS)


@asynccontextmanager
async def _open_exchange(url: str) -> AsyncIterator[AbstractExchange]:
    async with asyncio.timeout(_CONFIRM_SECONDS):
        connection = await aio_pika.connect(url, connection_class=NodeConnection)
    async with connection:
        async with asyncio.timeout(_CONFIRM_SECONDS):
            channel = await connection.channel(on_return_raises=True)
            exchange = await channel.get_exchange("inventory.events", ensure=False)
        yield exchange


async def _publish_all(exchange: AbstractExchange, left: deque[Event]) -> None:
    while left:
        chunk = [left[i] for i in range(min(_UNCONFIRMED_AT_MOST, len(left)))]
        async with asyncio.timeout(_CONFIRM_SECONDS):
            for batch in _without_equal_ids(chunk):
                await asyncio.gather(*(_publish(exchange, event) for event in batch))
        for _ in chunk:
            left.popleft()


def _without_equal_ids(chunk: list[Event]) -> list[list[Event]]:
    """Separates equal ids, because aiormq matches a returned message by its id."""
    batches: list[dict[str, Event]] = [{}]
    for event in chunk:
        if event.message_id in batches[-1]:
            batches.append({})
        batches[-1][event.message_id] = event
    return [list(batch.values()) for batch in batches]


async def _publish(exchange: AbstractExchange, event: Event) -> None:
    message = aio_pika.Message(
        event.body,
        content_type="application/json",
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=event.message_id,
        type=event.type,
        app_id=event.source or None,
    )
    await exchange.publish(message, event.routing_key, mandatory=True)
