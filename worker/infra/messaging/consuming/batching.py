"""The heart of the worker: takes messages in batches, has them applied, has them settled."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from worker.application.commands import CommandMessage
from worker.application.outcomes import Failure, Result
from worker.domain.ports.delivery_trials import DeliveryTrials
from worker.infra.messaging.amqp.delivery import Delivery
from worker.infra.messaging.consuming.inbox import Inbox
from worker.infra.messaging.consuming.observer import Observer
from worker.infra.messaging.consuming.received import (
    Received,
    oldest_occurrence,
    oldest_publication,
)
from worker.infra.messaging.consuming.store_retry import StoreRetry
from worker.infra.messaging.consuming.suspects import SUSPECTS_TOGETHER, Suspects, is_suspect
from worker.infra.messaging.events.decoding import Decoder

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
        self._decoder = decoder
        self._observer = observer
        self._batch_size = batch_size
        self._inbox = Inbox()
        self._finishing = asyncio.Event()
        self._store_retry = StoreRetry(observer, self._finishing)
        self._suspects = Suspects(
            trials=trials,
            try_=self._try,
            give_up=settler.settle_failure,
            observer=observer,
            store_retry=self._store_retry,
            finishing=self._finishing,
        )

    def deliver(self, delivery: Delivery) -> None:
        """Takes a delivery in; decodes it at once unless it is a suspect."""
        if is_suspect(delivery):
            self._inbox.put_suspect(delivery)
        else:
            self._inbox.put(self._receive(delivery))

    async def run(self) -> None:
        """Handles batch after batch, until `finish` is called."""
        while await self._something_to_do():
            if suspects := self._inbox.take_suspects(SUSPECTS_TOGETHER):
                await self._suspects.handle(suspects)
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

    def _receive(self, delivery: Delivery) -> Received:
        return Received(delivery, self._decoder.try_decode(delivery.message))

    async def _try(self, suspects: Sequence[Delivery]) -> None:
        await self._handle_batch([self._receive(suspect) for suspect in suspects])

    async def _handle_batch(self, batch: Sequence[Received]) -> None:
        began = time.perf_counter()
        commands = [item.content for item in batch if isinstance(item.content, CommandMessage)]
        results: list[Result] = []
        if commands:
            subscription = batch[-1].delivery.subscription
            applied = await self._store_retry.until_done(
                lambda: self._apply(commands), subscription
            )
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
