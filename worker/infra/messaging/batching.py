"""The heart of the worker: takes messages in batches, has them applied, has them settled."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

import structlog

from worker.application.commands import CommandMessage
from worker.application.outcomes import Failure, Result
from worker.domain.ports.delivery_trials import DeliveryTrials
from worker.domain.ports.unit_of_work import StoreUnavailableError
from worker.domain.value_objects.error_code import ErrorCode
from worker.infra.messaging.backoff import Backoff
from worker.infra.messaging.decoding import Decoder
from worker.infra.messaging.delivery import Delivery, SettlesDeliveries
from worker.infra.messaging.inbox import Inbox
from worker.infra.messaging.observer import Observer
from worker.infra.messaging.quiet_log import QuietLog
from worker.infra.messaging.received import (
    Received,
    oldest_occurrence,
    oldest_publication,
    receive,
)
from worker.infra.messaging.settling import HOLD_SECONDS

TRIALS = 5
"""How often a suspect message may be begun before it is held to be what kills workers."""

Apply = Callable[[Sequence[CommandMessage]], Awaitable[list[Result]]]
T = TypeVar("T")


class Settles(Protocol):
    """The `Settler`, or something around it."""

    async def settle(self, settled: Sequence[tuple[Received, Result]]) -> None:
        """Settles a batch, once it is committed."""
        ...

    async def settle_failure(self, received: Received, failure: Failure) -> bool:
        """Settles one failed message; tells whether a copy is safe."""
        ...


_log = structlog.get_logger(__name__)


class Batching:
    """One batch at a time: decoding of the next goes on while one commits."""

    def __init__(
        self,
        *,
        apply: Apply,
        settler: Settles,
        trials: DeliveryTrials,
        decoder: Decoder,
        observer: Observer,
        batch_size: int,
    ) -> None:
        self._apply = apply
        self._settler = settler
        self._trials = trials
        self._decoder = decoder
        self._observer = observer
        self._batch_size = batch_size
        self._inbox = Inbox()
        self._finishing = asyncio.Event()
        self._trouble = QuietLog(_log)

    def deliver(self, delivery: Delivery) -> None:
        """Takes a delivery in; decodes it at once unless it is a suspect."""
        if delivery.is_suspect:
            self._inbox.put_suspect(delivery)
        else:
            self._inbox.put(receive(delivery, self._decoder))

    async def run(self) -> None:
        """Handles batch after batch, until `finish` is called."""
        while await self._something_to_do():
            if suspect := self._inbox.take_suspect():
                await self._handle_suspect(suspect)
            if not self._finishing.is_set():
                await self._handle_batch(await self._inbox.take_batch(self._batch_size))

    def finish(self) -> None:
        """Lets `run` return once the batch in hand is settled; the rest is left unsettled."""
        self._finishing.set()

    async def _something_to_do(self) -> bool:
        arrival = asyncio.ensure_future(self._inbox.wait())
        end = asyncio.ensure_future(self._finishing.wait())
        try:
            await asyncio.wait((arrival, end), return_when=asyncio.FIRST_COMPLETED)
        finally:
            arrival.cancel()
            end.cancel()
        return not self._finishing.is_set()

    async def _handle_batch(self, batch: Sequence[Received]) -> None:
        began = time.perf_counter()
        commands = [item.content for item in batch if isinstance(item.content, CommandMessage)]
        results: list[Result] = []
        if commands:
            channel = batch[-1].delivery.channel
            applied = await self._hold_until_done(lambda: self._apply(commands), channel)
            if applied is None:
                return
            results = applied
        await self._settle(batch, results, time.perf_counter() - began)

    async def _settle(
        self, batch: Sequence[Received], results: Sequence[Result], seconds: float
    ) -> None:
        remaining = iter(results)
        settled: list[tuple[Received, Result]] = [
            (item, item.content if isinstance(item.content, Failure) else next(remaining))
            for item in batch
        ]
        if settled:
            self._observer.batch_settled([(item.type, r) for item, r in settled], seconds)
            self._observer.batch_lagged(oldest_occurrence(batch), oldest_publication(batch))
            await self._settler.settle(settled)

    async def _handle_suspect(self, suspect: Delivery) -> None:
        """Alone, and counted before it is begun: if it kills us, the count outlives us."""
        fingerprint = suspect.fingerprint
        trial = await self._hold_until_done(
            lambda: self._trials.begin(fingerprint), suspect.channel
        )
        if trial is None:
            return
        if trial > TRIALS:
            failure = Failure(
                ErrorCode.REDELIVERED_TOO_OFTEN,
                f"begun {TRIALS} times alone, and each time the worker ended before it was done",
            )
            given_up = Received(suspect, failure)
            if not await self._settler.settle_failure(given_up, failure):
                return
            self._observer.suspect_given_up(given_up.type, failure)
        else:
            await self._handle_batch([receive(suspect, self._decoder)])
        # We are alive: whatever else became of the message, this trial did not kill us.
        await self._hold_until_done(
            lambda: self._trials.end(fingerprint), suspect.channel, even_if_lost=True
        )

    async def _hold_until_done(
        self,
        work: Callable[[], Awaitable[T]],
        channel: SettlesDeliveries,
        *,
        even_if_lost: bool = False,
    ) -> T | None:
        """Tries again while the store is away; None once the messages are no longer ours.

        Before the broker would lose patience with us, everything is given back.
        """
        backoff = Backoff()
        while even_if_lost or not channel.is_lost:
            try:
                result = await work()
            except StoreUnavailableError as unavailable:
                self._observer.store_answers(yes=False)
                self._trouble.warn("the database takes no work: holding", str(unavailable))
                if backoff.elapsed > HOLD_SECONDS:
                    channel.give_up("the database has been away for too long")
                if await self._finishing_within(backoff.next_pause()):
                    return None
            else:
                self._observer.store_answers(yes=True)
                self._trouble.over()
                return result
        return None

    async def _finishing_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._finishing.wait()
        except TimeoutError:
            return False
        return True
