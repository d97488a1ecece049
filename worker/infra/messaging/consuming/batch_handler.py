from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from worker.application.commands import CommandMessage
from worker.application.outcomes import Failure, Result
from worker.infra.messaging.consuming.observer import Observer
from worker.infra.messaging.consuming.received import (
    Received,
    oldest_occurrence,
    oldest_publication,
)
from worker.infra.messaging.consuming.store_retry import StoreRetry

Apply = Callable[[Sequence[CommandMessage]], Awaitable[list[Result]]]


class Settles(Protocol):
    """The `Settler`, or a wrapper around it."""

    async def settle(self, settled: Sequence[tuple[Received, Result]]) -> None:
        """Settles a committed batch."""
        ...

    async def settle_failure(self, received: Received, failure: Failure) -> bool:
        """Settles one failed message; returns whether its copy is confirmed."""
        ...


class BatchHandler:
    """Handles a batch: applies its commands, then settles all its messages."""

    def __init__(
        self, apply: Apply, settler: Settles, store_retry: StoreRetry, observer: Observer
    ) -> None:
        self._apply = apply
        self._settler = settler
        self._store_retry = store_retry
        self._observer = observer

    async def apply(self, batch: Sequence[Received]) -> list[Result] | None:
        """The committed result of each message; None once the deliveries are lost."""
        commands = [item.content for item in batch if isinstance(item.content, CommandMessage)]
        applied: list[Result] | None = []
        if commands:
            applied = await self._store_retry.until_done(
                lambda: self._apply(commands), batch[-1].delivery.subscription
            )
        if applied is None:
            return None
        remaining = iter(applied)
        return [
            item.content if isinstance(item.content, Failure) else next(remaining) for item in batch
        ]

    async def settle(
        self, batch: Sequence[Received], results: Sequence[Result], seconds: float
    ) -> None:
        """Acknowledges or republishes each message; `seconds` is the time of the transaction."""
        self._observer.batch_settled(
            [(item.type, result) for item, result in zip(batch, results, strict=True)], seconds
        )
        self._observer.batch_lagged(oldest_occurrence(batch), oldest_publication(batch))
        await self._settler.settle(list(zip(batch, results, strict=True)))
