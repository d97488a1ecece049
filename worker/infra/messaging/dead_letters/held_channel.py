import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from aiormq.abc import AbstractChannel, DeliveredMessage
from pamqp.commands import Basic

from worker.infra.durations import Durations
from worker.infra.messaging.amqp.cancellation import DELETED_OR_HELD_TOO_LONG
from worker.infra.messaging.amqp.connection import BROKER_ERRORS, in_brief
from worker.infra.messaging.amqp.delivery import read_message
from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.amqp.tag_ledger import TagLedger

_TAG = "held"

OnMessage = Callable[["HeldMessage"], None]


@dataclass(frozen=True, slots=True, eq=False)
class HeldMessage:
    """A message that is ours until its channel acknowledges it or closes."""

    message: Message
    tag: int
    channel: "HeldChannel"


class HeldChannel:
    """A channel that takes up to `prefetch` messages of a queue and keeps them unsettled."""

    def __init__(
        self,
        channel: AbstractChannel,
        prefetch: int,
        on_message: OnMessage,
        durations: Durations,
    ) -> None:
        self._channel = channel
        self._prefetch = prefetch
        self._on_held = on_message
        self._durations = durations
        self._ledger = TagLedger()
        self.unsettled = 0
        self.lost_because: str | None = None

    async def consume(self, queue: str) -> None:
        """Begins to take messages."""
        self._channel.closing.add_done_callback(self._on_closed)
        self._channel.on_consumer_cancel_callbacks.add(self._on_cancelled_by_broker)
        async with asyncio.timeout(self._durations.call):
            await self._channel.basic_qos(prefetch_count=self._prefetch)
            await self._channel.basic_consume(queue, self._on_message, consumer_tag=_TAG)

    async def stop(self) -> None:
        """Takes nothing more; what it has stays unsettled."""
        if not self.is_lost:
            await self._channel.basic_cancel(_TAG, timeout=self._durations.call)

    @property
    def is_full(self) -> bool:
        """Tells whether the broker sends no more before something is settled."""
        return self.unsettled >= self._prefetch

    @property
    def is_lost(self) -> bool:
        """True once the broker has taken the messages back."""
        return self.lost_because is not None

    async def acknowledge(self, tags: list[int]) -> None:
        """Removes these from the queue."""
        for tag in tags:
            self._ledger.settle(tag)
        for ack in self._ledger.take_acks():
            await self._channel.basic_ack(ack.tag, multiple=ack.multiple, wait=False)
        self.unsettled -= len(tags)

    def _lose(self, reason: str) -> None:
        self.lost_because = self.lost_because or reason

    async def close(self) -> None:
        """Gives back what is unsettled, in its order: a `nack` of it all would shuffle it."""
        if not self.is_lost:
            with suppress(*BROKER_ERRORS):
                await self._channel.close()

    async def _on_message(self, delivered: DeliveredMessage) -> None:
        self.unsettled += 1
        self._on_held(HeldMessage(read_message(delivered), delivered.delivery_tag or 0, self))

    def _on_closed(self, closing: asyncio.Future[object]) -> None:
        reason = None if closing.cancelled() else closing.exception()
        self._lose(in_brief(reason) if reason else "the channel was closed")

    def _on_cancelled_by_broker(self, _: Basic.Cancel) -> None:
        """Lost without asking for the cause: others may get what was held here meanwhile."""
        self._lose(DELETED_OR_HELD_TOO_LONG)
