"""Tells RabbitMQ what became of deliveries."""

import asyncio
from collections.abc import Coroutine, Iterable
from contextlib import suppress

from aiormq import Channel

from worker.infra.durations import Durations
from worker.infra.messaging.amqp.connection import BROKER_ERRORS
from worker.infra.messaging.amqp.tag_ledger import TagLedger
from worker.infra.messaging.consuming.loss import Loss

EVERYTHING_UNSETTLED = 0  # with `multiple`, this tag means all unsettled deliveries


class Acknowledgements:
    """Tells RabbitMQ what became of the deliveries of one channel.

    Writes wait for each other: an ack after a later `multiple` closes the channel. Nothing is
    written once the subscription is lost.
    """

    def __init__(self, loss: Loss, durations: Durations) -> None:
        self._loss = loss
        self._durations = durations
        self._ledger = TagLedger()
        self._writing = asyncio.Lock()
        self._channel: Channel | None = None

    def write_to(self, channel: Channel) -> None:
        """Sets the channel of the deliveries; called before the first one."""
        self._channel = channel

    @property
    def settled_count(self) -> int:
        """Number of deliveries settled so far."""
        return self._ledger.settled_count

    async def acknowledge(self, tags: Iterable[int]) -> None:
        """Acknowledges deliveries; those settled during another write go in the same frames."""
        for tag in tags:
            self._ledger.settle(tag)
        async with self._writing:
            if self._channel is not None and not self._loss.has_happened:
                await self._unless_lost(self._write_acks(self._channel))

    async def give_back(self, tag: int) -> None:
        """Returns a delivery to the queue."""
        await self._nack(tag, requeue=True)

    async def reject(self, tag: int) -> None:
        """Has the queue dead-letter a delivery, or drop it."""
        await self._nack(tag, requeue=False)

    async def give_back_all(self) -> None:
        """Returns all unsettled deliveries to the queue, as the last write: then it is lost."""
        async with self._writing:
            if self._channel is not None:
                await self._channel.basic_nack(
                    EVERYTHING_UNSETTLED, multiple=True, requeue=True, wait=False
                )
            self._loss.happen("closed")

    async def _nack(self, tag: int, *, requeue: bool) -> None:
        """If it cannot be written the subscription is lost, so no later ack covers the tag."""
        async with self._writing:
            if self._channel is not None and not self._loss.has_happened:
                await self._unless_lost(self._channel.basic_nack(tag, requeue=requeue, wait=False))
                self._ledger.settle_without_ack(tag)

    async def _write_acks(self, channel: Channel) -> None:
        for ack in self._ledger.take_acks():
            await channel.basic_ack(ack.tag, multiple=ack.multiple, wait=False)

    async def _unless_lost(self, writing: Coroutine[None, None, object]) -> None:
        """Cancels a write when the connection ends.

        aiormq writes into a bounded queue: once it is no longer drained, a task that waits for
        room blocks for ever, and all batches with it.
        """
        task = asyncio.create_task(writing)
        lost = asyncio.create_task(self._loss.wait())
        reason = "a write to RabbitMQ was cancelled"
        try:
            await asyncio.wait(
                (task, lost), timeout=self._durations.write, return_when=asyncio.FIRST_COMPLETED
            )
            reason = f"RabbitMQ accepted no writes for {self._durations.write} s"
        finally:
            lost.cancel()
            if not task.done():
                task.cancel()
                self._loss.happen(reason)
        if task.done() and not task.cancelled():  # aiormq cancels it when the channel closes
            with suppress(*BROKER_ERRORS):
                task.result()
