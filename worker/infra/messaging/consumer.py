"""Keeps one subscription alive for as long as the worker runs."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import structlog

from worker.infra.messaging.backoff import Backoff
from worker.infra.messaging.batching import Batching
from worker.infra.messaging.broker import TROUBLE, in_brief
from worker.infra.messaging.observer import Observer
from worker.infra.messaging.quiet_log import QuietLog
from worker.infra.messaging.retry_ladder import RetryDelay
from worker.infra.messaging.settling import Settler
from worker.infra.messaging.subscription import Subscription

_log = structlog.get_logger(__name__)


class StartupTimeoutError(Exception):
    """The servers did not come up in the time allowed."""


@dataclass(frozen=True, slots=True)
class ConsumerOptions:
    """Where to consume, and how much at once; times in seconds."""

    url: str
    prefetch: int
    delays: tuple[RetryDelay, ...]
    startup_timeout: float
    shutdown_timeout: float


class Consumer:
    """Opens a subscription, and another whenever one is lost, until told to stop."""

    def __init__(
        self,
        options: ConsumerOptions,
        batching: Batching,
        settler: Settler,
        store_problem: Callable[[], Awaitable[str | None]],
        observer: Observer,
    ) -> None:
        self._options = options
        self._batching = batching
        self._settler = settler
        self._store_problem = store_problem
        self._observer = observer
        self._stop = asyncio.Event()
        self._was_consuming = False
        self._trouble = QuietLog(_log)

    def stop(self) -> None:
        """Ends the run in good order: what is in hand is finished, the rest given back."""
        self._stop.set()

    async def run(self) -> None:
        """Returns after `stop`, once everything is settled or given back.

        Raises:
            StartupTimeoutError: it never got as far as consuming.
        """
        batches = asyncio.create_task(self._batching.run())
        batches.add_done_callback(lambda _: self.stop())
        try:
            while not self._stop.is_set():
                subscription = await self._subscribe()
                if subscription is not None:
                    await self._consume(subscription, batches)
            self._batching.finish()
            await batches
        finally:
            batches.cancel()

    async def _subscribe(self) -> Subscription | None:
        """Waits for database and broker, then consumes; None if told to stop meanwhile."""
        backoff = Backoff()
        while not self._stop.is_set():
            try:
                problem = await self._store_problem()
                if problem is None:
                    return await self._open()
            except TROUBLE as error:
                problem = f"RabbitMQ: {in_brief(error)}"
            self._trouble.warn("waiting for the servers", problem)
            if not self._was_consuming and backoff.elapsed > self._options.startup_timeout:
                raise StartupTimeoutError(problem)
            with suppress(TimeoutError):
                async with asyncio.timeout(backoff.next_pause()):
                    await self._stop.wait()
        return None

    async def _open(self) -> Subscription:
        return await Subscription.open(
            self._options.url,
            prefetch=self._options.prefetch,
            delays=self._options.delays,
            on_delivery=self._batching.deliver,
        )

    async def _consume(self, subscription: Subscription, batches: asyncio.Task[None]) -> None:
        self._was_consuming = True
        self._trouble.over()
        self._observer.consuming(subscription)
        _log.info("consuming", prefetch=self._options.prefetch)
        try:
            await self._until_lost_or_stopped(subscription)
            if subscription.is_lost:
                _log.warning("subscription lost", reason=subscription.lost_because)
            else:
                await subscription.cancel()
                await self._drain(batches)
        finally:
            self._observer.consuming(None)
            await subscription.close()

    async def _until_lost_or_stopped(self, subscription: Subscription) -> None:
        lost = asyncio.ensure_future(subscription.wait_lost())
        stopped = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait((lost, stopped), return_when=asyncio.FIRST_COMPLETED)
        finally:
            lost.cancel()
            stopped.cancel()

    async def _drain(self, batches: asyncio.Task[None]) -> None:
        """Finishes what is in hand, but not for longer than whoever stops us will wait."""
        self._batching.finish()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._options.shutdown_timeout):
                await asyncio.shield(batches)
                await self._settler.finish()
