"""The heart of the worker: takes messages in batches, has them applied, has them settled."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from worker.application.commands import CommandMessage
from worker.application.outcomes import Failure, Result
from worker.domain.ports.delivery_trials import DeliveryTrials
from worker.domain.value_objects.error_code import ErrorCode
from worker.infra.messaging.decoding import Decoder
from worker.infra.messaging.delivery import Delivery
from worker.infra.messaging.inbox import Inbox
from worker.infra.messaging.observer import Observer
from worker.infra.messaging.patience import Patience
from worker.infra.messaging.received import (
    Received,
    oldest_occurrence,
    oldest_publication,
    receive,
)

TRIALS = 5
"""How often a suspect message may be begun before it is held to be what kills workers."""

TRIALS_TOGETHER = 2
"""How many of them are shared with other suspects: nearly all of these are innocent."""

SUSPECTS_TOGETHER = 100
"""How many share a trial: a killed worker leaves its whole prefetch under suspicion."""

Apply = Callable[[Sequence[CommandMessage]], Awaitable[list[Result]]]


class Settles(Protocol):
    """The `Settler`, or something around it."""

    async def settle(self, settled: Sequence[tuple[Received, Result]]) -> None:
        """Settles a batch, once it is committed."""
        ...

    async def settle_failure(self, received: Received, failure: Failure) -> bool:
        """Settles one failed message; tells whether a copy is safe."""
        ...


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
        self._patience = Patience(observer, self._finishing)

    def deliver(self, delivery: Delivery) -> None:
        """Takes a delivery in; decodes it at once unless it is a suspect."""
        if delivery.is_suspect:
            self._inbox.put_suspect(delivery)
        else:
            self._inbox.put(receive(delivery, self._decoder))

    async def run(self) -> None:
        """Handles batch after batch, until `finish` is called."""
        while await self._something_to_do():
            if suspects := self._inbox.take_suspects(SUSPECTS_TOGETHER):
                await self._handle_suspects(suspects)
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
            applied = await self._patience.until_done(lambda: self._apply(commands), channel)
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

    async def _handle_suspects(self, suspects: Sequence[Delivery]) -> None:
        """Together, and alone those beside whom workers died before.

        Those with the fewest trials go first: workers that are killed again and again right after
        their start must not strike the same innocent each time.
        """
        begun_before = await self._patience.until_done(
            lambda: self._trials.count([suspect.fingerprint for suspect in suspects]),
            suspects[-1].channel,
        )
        if begun_before is None:
            return

        def trials(suspect: Delivery) -> int:
            return begun_before.get(suspect.fingerprint, 0)

        together = [suspect for suspect in suspects if trials(suspect) < TRIALS_TOGETHER]
        alone = [suspect for suspect in suspects if trials(suspect) >= TRIALS_TOGETHER]
        if together:
            await self._try(together)
        for suspect in sorted(alone, key=trials):
            if not self._finishing.is_set():
                await self._try([suspect])

    async def _try(self, suspects: Sequence[Delivery]) -> None:
        """Counted before they are begun: if one kills us, the count outlives us."""
        channel = suspects[-1].channel
        fingerprints = [suspect.fingerprint for suspect in suspects]
        trials = await self._patience.until_done(lambda: self._trials.begin(fingerprints), channel)
        if trials is None:
            return
        tried, ended = [], []
        for suspect in suspects:
            if trials[suspect.fingerprint] <= TRIALS:
                tried.append(suspect)
            elif await self._give_up(suspect):
                ended.append(suspect)
        if tried:
            await self._handle_batch([receive(suspect, self._decoder) for suspect in tried])
        # We are alive: whatever else became of the messages, this trial did not kill us.
        await self._patience.until_done(
            lambda: self._trials.end([suspect.fingerprint for suspect in (*tried, *ended)]),
            channel,
            even_if_lost=True,
        )

    async def _give_up(self, suspect: Delivery) -> bool:
        """Tells whether it is safe among the dead letters."""
        failure = Failure(
            ErrorCode.REDELIVERED_TOO_OFTEN,
            f"begun {TRIALS} times, at last alone, and each time the worker ended before it was "
            "done",
        )
        given_up = Received(suspect, failure)
        if not await self._settler.settle_failure(given_up, failure):
            return False
        self._observer.suspect_given_up(given_up.type, failure)
        return True
