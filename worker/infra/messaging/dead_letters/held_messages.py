"""Takes messages of one queue of ours in hand, and leaves all that is not settled where it was."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import aio_pika
from aiormq.abc import AbstractChannel
from aiormq.exceptions import ChannelNotFoundEntity, ChannelPreconditionFailed

from worker.infra.messaging.amqp.connection import BROKER_ERRORS, in_brief, named
from worker.infra.messaging.dead_letters.errors import (
    BrowseLostError,
    NotOurQueueError,
    QueueMissingError,
)
from worker.infra.messaging.dead_letters.held_channel import CALL_SECONDS, HeldChannel, HeldMessage
from worker.infra.messaging.topology import QueueSpec

ACKS_ON_THEIR_WAY_SECONDS = 0.1
"""Acks sent just before the channel closes can vanish on a quorum queue; after 50 ms none did."""

RETURN_SECONDS = 5.0
"""How long to wait until the broker shows again what was given back."""


SILENCE_SECONDS = 1.0
"""After so long without a delivery we ask whether there is anything left to deliver."""

SILENCES = 5
"""So many in a row, with nothing left, are the end: what the broker counts as ours may still be
on its way to us.
"""

PATIENCE_SECONDS = 30.0
"""After so long without a delivery of what is left, the broker is not well."""


class HeldMessages:
    """Messages in hand, all unsettled until `acknowledge` or the end.

    None is given back before the end: a quorum queue would deliver it again at once.
    """

    def __init__(
        self,
        connection: aio_pika.abc.AbstractConnection,
        queue: str,
        on_message: Callable[[HeldMessage], None],
    ) -> None:
        self._connection = connection
        self._queue = queue
        self._on_message = on_message
        self._channels: list[HeldChannel] = []
        self._arrived = asyncio.Event()

    @property
    def is_full(self) -> bool:
        """Tells whether nothing more can come before something is settled, or it is widened."""
        return all(channel.is_full for channel in self._channels)

    async def widen(self, prefetch: int) -> None:
        """Takes up to so many more messages in hand.

        One channel after the other, so that messages keep their order when given back.
        """
        channel = HeldChannel(await open_channel(self._connection), prefetch, self._take)
        self._channels.append(channel)
        await channel.consume(self._queue)

    async def count_ready(self) -> int:
        """Messages that nobody holds."""
        return await count_ready(self._connection, self._queue)

    async def comes_more(self) -> bool:
        """Waits for a delivery; False where nothing is left to deliver.

        Raises:
            BrowseLostError: the broker has taken the messages back, or delivers no longer.
        """
        silences = 0
        for _ in range(round(PATIENCE_SECONDS / SILENCE_SECONDS)):
            self._check_alive()
            try:
                async with asyncio.timeout(SILENCE_SECONDS):
                    await self._arrived.wait()
            except TimeoutError:
                silences = 0 if await self.count_ready() else silences + 1
                if silences == SILENCES:
                    return False
            else:
                self._arrived.clear()
                return True
        raise BrowseLostError(f"RabbitMQ has delivered nothing for {PATIENCE_SECONDS:.0f} s")

    async def acknowledge(self, messages: Sequence[HeldMessage]) -> None:
        """Removes these from the queue.

        Raises:
            BrowseLostError: the broker has taken the messages back, these perhaps among them.
        """
        self._check_alive()
        tags: defaultdict[HeldChannel, list[int]] = defaultdict(list)
        for held in messages:
            tags[held.channel].append(held.tag)
        for channel, settled in tags.items():
            try:
                await channel.acknowledge(settled)
            except BROKER_ERRORS as trouble:
                raise BrowseLostError(f"RabbitMQ: {in_brief(trouble)}") from trouble

    async def give_back(self) -> None:
        """Returns what is unsettled, and waits until the next look would find it."""
        await asyncio.sleep(ACKS_ON_THEIR_WAY_SECONDS)
        for channel in self._channels:
            await channel.close()
        unsettled = sum(channel.unsettled for channel in self._channels)
        with suppress(*BROKER_ERRORS):
            async with asyncio.timeout(RETURN_SECONDS):
                while await self.count_ready() < unsettled:  # noqa: ASYNC110 - no event comes
                    await asyncio.sleep(ACKS_ON_THEIR_WAY_SECONDS)

    def _check_alive(self) -> None:
        for channel in self._channels:
            if channel.lost_because is not None:
                raise BrowseLostError(f"RabbitMQ took the messages back: {channel.lost_because}")

    def _take(self, held: HeldMessage) -> None:
        self._on_message(held)
        self._arrived.set()


@asynccontextmanager
async def hold(
    url: str, spec: QueueSpec, on_message: Callable[[HeldMessage], None]
) -> AsyncIterator[HeldMessages]:
    """Shows each message to `on_message` as it comes in hand; gives the rest back at the end.

    Raises:
        QueueMissingError: there is no such queue.
        NotOurQueueError: it has other arguments than ours.
    """
    async with connect(url) as connection:
        await _check_is_ours(connection, spec)
        holding = HeldMessages(connection, spec.name, on_message)
        try:
            yield holding
        finally:
            await holding.give_back()


@asynccontextmanager
async def connect(url: str) -> AsyncIterator[aio_pika.abc.AbstractConnection]:
    """A connection for commands on dead letters."""
    async with asyncio.timeout(CALL_SECONDS):
        connection = await aio_pika.connect(named(url, "inventory-worker-dlq"))
    async with connection:
        yield connection


async def count_ready(connection: aio_pika.abc.AbstractConnection, queue: str) -> int:
    """Messages of a queue that nobody holds.

    Raises:
        QueueMissingError: there is no such queue.
    """
    channel = await open_channel(connection)
    try:
        declared = await channel.queue_declare(queue, passive=True, timeout=CALL_SECONDS)
    except ChannelNotFoundEntity:
        raise QueueMissingError(queue) from None
    await channel.close()
    return declared.message_count or 0


async def open_channel(connection: aio_pika.abc.AbstractConnection) -> AbstractChannel:
    """A channel without confirms."""
    channel = connection.channel(publisher_confirms=False)
    await channel.initialize(timeout=CALL_SECONDS)
    return await channel.get_underlay_channel()


async def _check_is_ours(connection: aio_pika.abc.AbstractConnection, spec: QueueSpec) -> None:
    """Declares what exists already, which changes nothing and compares the arguments."""
    await count_ready(connection, spec.name)
    channel = await open_channel(connection)
    arguments: dict[str, Any] = {"x-queue-type": "quorum", **spec.arguments}
    try:
        await channel.queue_declare(
            spec.name, durable=True, arguments=arguments, timeout=CALL_SECONDS
        )
    except ChannelPreconditionFailed:
        raise NotOurQueueError(spec.name) from None
    await channel.close()
