import asyncio
from collections.abc import Callable
from contextlib import suppress

from aiormq.abc import AbstractChannel, DeliveredMessage
from pamqp.commands import Basic

from worker.infra.messaging.broker import TROUBLE, in_brief
from worker.infra.messaging.delivery import Delivery
from worker.infra.messaging.tag_ledger import TagLedger

CALL_SECONDS = 20

OnDelivery = Callable[[Delivery], None]


class HeldChannel:
    """A channel that takes up to `prefetch` messages of a queue and keeps them unsettled."""

    def __init__(self, channel: AbstractChannel, prefetch: int, on_delivery: OnDelivery) -> None:
        self._channel = channel
        self._prefetch = prefetch
        self._on_delivery = on_delivery
        self._ledger = TagLedger()
        self.unsettled = 0
        self.lost_because: str | None = None

    async def consume(self, queue: str) -> None:
        """Begins to take messages."""
        self._channel.closing.add_done_callback(self._on_closed)
        self._channel.on_consumer_cancel_callbacks.add(self._on_cancelled_by_broker)
        async with asyncio.timeout(CALL_SECONDS):
            await self._channel.basic_qos(prefetch_count=self._prefetch)
            await self._channel.basic_consume(queue, self._on_message)

    @property
    def is_full(self) -> bool:
        """Tells whether the broker sends no more before something is settled."""
        return self.unsettled >= self._prefetch

    @property
    def is_lost(self) -> bool:
        """See the protocol."""
        return self.lost_because is not None

    async def acknowledge(self, tags: list[int]) -> None:
        """See the protocol."""
        for tag in tags:
            self._ledger.settle(tag)
        for ack in self._ledger.take_acks():
            await self._channel.basic_ack(ack.tag, multiple=ack.multiple, wait=False)
        self.unsettled -= len(tags)

    async def give_back(self, tag: int) -> None:
        """See the protocol."""
        await self._channel.basic_nack(tag, requeue=True, wait=False)
        self._ledger.answered(tag)
        self.unsettled -= 1

    async def reject(self, tag: int) -> None:
        """See the protocol."""
        await self._channel.basic_nack(tag, requeue=False, wait=False)
        self._ledger.answered(tag)
        self.unsettled -= 1

    def give_up(self, reason: str) -> None:
        """See the protocol."""
        self.lost_because = self.lost_because or reason

    async def close(self) -> None:
        """Gives back what is unsettled, in its order: a `nack` of it all would shuffle it."""
        if not self.is_lost:
            with suppress(*TROUBLE):
                await self._channel.close()

    async def _on_message(self, message: DeliveredMessage) -> None:
        self.unsettled += 1
        self._on_delivery(Delivery.of(message, self))

    def _on_closed(self, closing: asyncio.Future[object]) -> None:
        reason = None if closing.cancelled() else closing.exception()
        self.give_up(in_brief(reason) if reason else "the channel was closed")

    def _on_cancelled_by_broker(self, _: Basic.Cancel) -> None:
        self.give_up("the queue was deleted")
