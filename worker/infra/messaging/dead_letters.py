"""Looking at the dead letters without taking one away."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aio_pika
from aiormq.abc import AbstractChannel, DeliveredMessage

from worker.infra.messaging.broker import named
from worker.infra.messaging.topology import DEAD_LETTER_QUEUE

HELD_BY_ONE_CHANNEL = 50_000
"""A channel holds 65,535 unsettled messages at most; what exceeds this takes another one."""

NOTHING_MORE_SECONDS = 2.0
"""Silence after which the rest is held by somebody else, or is gone."""

Look = Callable[[DeliveredMessage], None]


async def look_at_dead_letters(url: str, look: Look) -> int:
    """Shows each dead letter to `look`, holds it until the end, and leaves it where it was.

    None may be returned before all are seen: a quorum queue would deliver it again at once.
    Returns how many there were.
    """
    async with _connection(url) as connection:
        counting = await _channel(connection)
        declared = await counting.queue_declare(DEAD_LETTER_QUEUE, passive=True)
        expected = declared.message_count or 0
        viewer = _Viewer(look, expected)
        for _ in range(0, expected, HELD_BY_ONE_CHANNEL):
            channel = await _channel(connection)
            await channel.basic_qos(prefetch_count=HELD_BY_ONE_CHANNEL)
            await channel.basic_consume(DEAD_LETTER_QUEUE, viewer.on_message)
        await viewer.wait()
    return viewer.seen


class _Viewer:
    def __init__(self, look: Look, expected: int) -> None:
        self._look = look
        self._expected = expected
        self._progress = asyncio.Event()
        self.seen = 0

    async def on_message(self, message: DeliveredMessage) -> None:
        """Shows what was there at the start; what arrives later is left unseen."""
        if self.seen < self._expected:
            self.seen += 1
            self._look(message)
            self._progress.set()

    async def wait(self) -> None:
        """Returns when all were seen, or no more come."""
        while self.seen < self._expected:
            self._progress.clear()
            try:
                async with asyncio.timeout(NOTHING_MORE_SECONDS):
                    await self._progress.wait()
            except TimeoutError:
                return


@asynccontextmanager
async def _connection(url: str) -> AsyncIterator[aio_pika.abc.AbstractConnection]:
    async with asyncio.timeout(20):
        connection = await aio_pika.connect(named(url, "inventory-worker-dlq"))
    try:
        yield connection
    finally:
        await connection.close()


async def _channel(connection: aio_pika.abc.AbstractConnection) -> AbstractChannel:
    channel = connection.channel(publisher_confirms=False)
    await channel.initialize()
    return await channel.get_underlay_channel()
