"""Holds messages of one queue of ours, and leaves all that is not settled where it was."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress

from aio_pika.abc import AbstractConnection

from worker.infra.durations import Durations
from worker.infra.messaging.amqp.connection import (
    BROKER_ERRORS,
    closing_is_an_error,
    in_brief,
)
from worker.infra.messaging.dead_letters.errors import BrowseLostError
from worker.infra.messaging.dead_letters.held_channel import HeldChannel, HeldMessage
from worker.infra.messaging.dead_letters.our_queue import (
    check_is_ours,
    connect,
    count_ready,
    open_channel,
)
from worker.infra.messaging.topology import QueueSpec

SILENCES = 5
"""So many in a row, with nothing left, are the end: what the broker counts as delivered may still
be on its way.
"""


class HeldMessages:
    """Messages that stay unsettled until `acknowledge` or the end.

    None is given back before the end: a quorum queue would deliver it again at once.
    """

    def __init__(
        self,
        connection: AbstractConnection,
        queue: str,
        on_message: Callable[[HeldMessage], None],
        durations: Durations,
    ) -> None:
        self._connection = connection
        self._queue = queue
        self._on_message = on_message
        self._durations = durations
        self._channels: list[HeldChannel] = []
        self._arrived = asyncio.Event()

    @property
    def is_full(self) -> bool:
        """Tells whether nothing more can come before something is settled, or it is widened."""
        return all(channel.is_full for channel in self._channels)

    async def widen(self, prefetch: int) -> None:
        """Holds up to so many more messages.

        One channel after the other, so that messages keep their order when given back.
        """
        with silence_is_a_loss():
            amqp_channel = await open_channel(self._connection, self._durations)
            channel = HeldChannel(amqp_channel, prefetch, self._take, self._durations)
            self._channels.append(channel)
            await channel.consume(self._queue)

    async def count_ready(self) -> int:
        """Messages that nobody holds."""
        return await count_ready(self._connection, self._queue, self._durations)

    async def comes_more(self) -> bool:
        """Waits for a delivery; False where nothing is left to deliver.

        Raises:
            BrowseLostError: the broker has taken the messages back, or delivers no longer.
        """
        silence, stalled = self._durations.browse_silence, self._durations.browse_stalled
        silences = 0
        for _ in range(round(stalled / silence)):
            self.check_alive()
            try:
                async with asyncio.timeout(silence):
                    await self._arrived.wait()
            except TimeoutError:
                silences = 0 if await self.count_ready() else silences + 1
                if silences == SILENCES:
                    return False
            else:
                self._arrived.clear()
                return True
        raise BrowseLostError(f"RabbitMQ has delivered nothing for {stalled:.0f} s")

    async def acknowledge(self, messages: Sequence[HeldMessage]) -> None:
        """Removes these from the queue.

        Raises:
            BrowseLostError: the broker has taken the messages back, these perhaps among them.
        """
        self.check_alive()
        tags: defaultdict[HeldChannel, list[int]] = defaultdict(list)
        for message in messages:
            tags[message.channel].append(message.tag)
        for channel, settled in tags.items():
            try:
                await channel.acknowledge(settled)
            except BROKER_ERRORS as trouble:
                raise BrowseLostError(f"RabbitMQ: {in_brief(trouble)}") from trouble

    async def give_back(self) -> None:
        """Returns what is unsettled, and waits until the next browse would find it."""
        poll = self._durations.acks_in_transit
        await asyncio.sleep(poll)
        with suppress(*BROKER_ERRORS):
            async with closing_is_an_error():
                for channel in self._channels:  # else one would be sent what another gives back
                    await channel.stop()
        for channel in self._channels:
            await channel.close()
        unsettled = sum(channel.unsettled for channel in self._channels)
        with suppress(*BROKER_ERRORS):
            async with closing_is_an_error(), asyncio.timeout(self._durations.requeue_visible):
                while await self.count_ready() < unsettled:  # noqa: ASYNC110 - no event comes
                    await asyncio.sleep(poll)

    def check_alive(self) -> None:
        """Does nothing while what is held is ours.

        Raises:
            BrowseLostError: the broker has taken the messages back.
        """
        for channel in self._channels:
            if channel.lost_because is not None:
                raise BrowseLostError(f"RabbitMQ took the messages back: {channel.lost_because}")

    def _take(self, message: HeldMessage) -> None:
        self._on_message(message)
        self._arrived.set()


@contextmanager
def silence_is_a_loss() -> Iterator[None]:
    """Else it could be the silence of PostgreSQL.

    Raises:
        BrowseLostError: RabbitMQ did not answer.
    """
    try:
        yield
    except TimeoutError as silence:
        raise BrowseLostError("RabbitMQ did not answer in time") from silence


@asynccontextmanager
async def hold(
    url: str, spec: QueueSpec, on_message: Callable[[HeldMessage], None], durations: Durations
) -> AsyncIterator[HeldMessages]:
    """Shows each message to `on_message` as it arrives; gives the rest back at the end.

    Raises:
        QueueMissingError: there is no such queue.
        NotOurQueueError: it has other arguments than ours.
        BrowseLostError: RabbitMQ did not answer.
    """
    async with connect(url, durations) as connection:
        with silence_is_a_loss():
            await check_is_ours(connection, spec, durations)
        held = HeldMessages(connection, spec.name, on_message, durations)
        try:
            yield held
        finally:
            await held.give_back()
