from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from worker.application.batch import Content, DeadLetterOf
from worker.application.outcomes import Failure, Outcome, Result
from worker.domain.ports.dead_letter_records import DeadLetterRecord
from worker.infra.messaging.consuming.holding import Holding, may_be_held
from worker.infra.messaging.consuming.observer import Observer
from worker.infra.messaging.consuming.received import (
    Received,
    oldest_occurrence,
    oldest_publication,
)
from worker.infra.messaging.consuming.store_retry import StoreRetry

Apply = Callable[[Sequence[Content], DeadLetterOf], Awaitable[list[Result]]]


class Settles(Protocol):
    """The `Settler`, or a wrapper around it."""

    def settle(self, settled: Sequence[tuple[Received, Result]]) -> None:
        """Starts to settle a committed batch."""
        ...

    async def settle_failure(self, received: Received, failure: Failure) -> bool:
        """Settles one failed message; returns whether its copy is confirmed."""
        ...


class BatchHandler:
    """Handles a batch: applies its commands, then settles all its messages."""

    def __init__(
        self,
        apply: Apply,
        settler: Settles,
        dead_letter_of: Callable[[Received, Failure], DeadLetterRecord | None],
        store_retry: StoreRetry,
        holding: Holding,
        observer: Observer,
    ) -> None:
        self._apply = apply
        self._settler = settler
        self._dead_letter_of = dead_letter_of
        self._store_retry = store_retry
        self._holding = holding
        self._observer = observer

    async def apply(self, batch: Sequence[Received]) -> list[Result] | None:
        """The committed result of each message; None if not all were committed.

        So it is once the deliveries are lost, or the worker finishes without the database.
        Dead letters are recorded, except those that `settle` may hold instead.
        """

        def dead_letter_of(place: int, failure: Failure) -> DeadLetterRecord | None:
            if may_be_held(batch[place], failure):
                return None
            return self._dead_letter_of(batch[place], failure)

        results = await self._commit(batch, [item.content for item in batch], dead_letter_of)
        if results is not None and any(isinstance(result, Outcome) for result in results):
            self._observer.store_took_work()
        return results

    async def give_up(self, received: Received, failure: Failure) -> bool:
        """Dead-letters a message that is not to be tried; returns whether its copy is confirmed."""
        if await self.apply([received]) is None:
            return False
        return await self._settler.settle_failure(received, failure)

    async def settle(
        self, batch: Sequence[Received], results: Sequence[Result], seconds: float
    ) -> None:
        """Acknowledges, republishes or holds each message; `seconds` took the transaction."""
        settled = self._holding.hold(list(zip(batch, results, strict=True)))
        if not settled or not await self._record_not_held(settled):
            return
        self._observer.batch_settled([(item.type, result) for item, result in settled], seconds)
        items = [item for item, _ in settled]
        self._observer.batch_lagged(oldest_occurrence(items), oldest_publication(items))
        self._settler.settle(settled)

    async def _record_not_held(self, settled: Sequence[tuple[Received, Result]]) -> bool:
        """Records the dead letters that might have been held; False if not all were."""
        failed = [
            (received, result)
            for received, result in settled
            if isinstance(result, Failure) and may_be_held(received, result)
        ]
        letters = [self._dead_letter_of(received, failure) for received, failure in failed]
        if not any(letters):
            return True
        items, failures = zip(*failed, strict=True)
        return await self._commit(items, failures, lambda place, _: letters[place]) is not None

    async def _commit(
        self, batch: Sequence[Received], contents: Sequence[Content], dead_letter_of: DeadLetterOf
    ) -> list[Result] | None:
        return await self._store_retry.until_done(
            lambda: self._apply(contents, dead_letter_of), batch[-1].delivery.subscription
        )
