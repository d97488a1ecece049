"""Keeps one subscription open while the worker runs."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import TypeVar

import structlog

from worker.domain.ports.unit_of_work import StoreUnavailableError
from worker.infra.database_identity import DatabaseIdentity
from worker.infra.durations import Durations
from worker.infra.messaging.amqp.connection import BROKER_ERRORS, in_brief
from worker.infra.messaging.consuming.backoff import Backoff
from worker.infra.messaging.consuming.batch_handler import BatchHandler
from worker.infra.messaging.consuming.batching import Batching
from worker.infra.messaging.consuming.observer import Observer
from worker.infra.messaging.consuming.settling import Settler
from worker.infra.messaging.consuming.subscription import Subscription
from worker.infra.messaging.retry_delays import RetryDelay
from worker.infra.repeat_limited_log import RepeatLimitedLog
from worker.infra.server_urls import ServerUrl

FINISHING_SHARE = 0.6
"""Share of the shutdown timeout for finishing in-flight batches; the rest closes connections."""

T = TypeVar("T")

_log = structlog.get_logger(__name__)


class StartupTimeoutError(Exception):
    """The servers were not available within the startup timeout."""


@dataclass(frozen=True, slots=True)
class ConsumerOptions:
    """Options of the consumer; timeouts in seconds."""

    url: ServerUrl
    identify_database: Callable[[], Awaitable[DatabaseIdentity]]
    prefetch: int
    delays: tuple[RetryDelay, ...]
    startup_timeout: float
    shutdown_timeout: float


class Consumer:
    """Opens a subscription, and a new one whenever it is lost, until it is stopped."""

    def __init__(
        self,
        options: ConsumerOptions,
        durations: Durations,
        batching: Batching,
        handler: BatchHandler,
        settler: Settler,
        store_problem: Callable[[], Awaitable[str | None]],
        observer: Observer,
    ) -> None:
        self._options = options
        self._durations = durations
        self._batching = batching
        self._handler = handler
        self._settler = settler
        self._store_problem = store_problem
        self._observer = observer
        self._stop = asyncio.Event()
        self._end_at = math.inf
        self._was_consuming = False
        self._trouble = RepeatLimitedLog(_log, durations.log_repeat)

    def stop(self) -> None:
        """Stops gracefully: finishes in-flight batches and requeues the rest."""
        if not self._stop.is_set():
            self._end_at = time.monotonic() + self._options.shutdown_timeout * FINISHING_SHARE
            self._stop.set()

    async def run(self) -> None:
        """Consumes; returns after `stop`, once all deliveries are settled or time is up.

        Raises:
            StartupTimeoutError: consuming did not start within the startup timeout.
        """
        batches = asyncio.create_task(self._batching.run())
        batches.add_done_callback(lambda _: self.stop())
        in_vain = Backoff(self._durations)
        try:
            while not self._stop.is_set():
                subscription = await self._unless_stopped(self._subscribe())
                if subscription is not None:
                    await self._consume(subscription, batches)
                    if subscription.has_settled:
                        in_vain = Backoff(self._durations)
                    await self._unless_stopped(asyncio.sleep(in_vain.next_pause()))
            await self._in_time(self._finish(batches))
        finally:
            batches.cancel()

    async def _subscribe(self) -> Subscription:
        """Waits for database and broker, then consumes; only the first wait has a time limit."""
        backoff = Backoff(self._durations)
        while True:
            try:
                problem = await self._store_problem()
                if problem is None:
                    database = await self._options.identify_database()
                    subscription = await self._open(database)
                    self._log_consuming(database, subscription.node)
                    return subscription
            except StoreUnavailableError as error:
                problem = str(error)
            except BROKER_ERRORS as error:
                problem = f"RabbitMQ: {in_brief(error)}"
            self._trouble.warn("waiting for the servers", problem)
            self._observer.waiting(problem)
            if not self._was_consuming and backoff.elapsed > self._options.startup_timeout:
                raise StartupTimeoutError(problem)
            await asyncio.sleep(backoff.next_pause())

    async def _open(self, database: DatabaseIdentity) -> Subscription:
        return await Subscription.open(
            self._options.url(),
            prefetch=self._options.prefetch,
            delays=self._options.delays,
            batching=self._batching,
            handler=self._handler,
            durations=self._durations,
            database=database.fingerprint,
        )

    def _log_consuming(self, database: DatabaseIdentity, node: str) -> None:
        _log.info(
            "consuming",
            node=node,
            prefetch=self._options.prefetch,
            database=database.database,
            schema=database.schema,
        )

    async def _consume(self, subscription: Subscription, batches: asyncio.Task[None]) -> None:
        self._was_consuming = True
        self._trouble.over()
        self._observer.consuming(subscription)
        try:
            await self._unless_stopped(subscription.wait_lost())
            if subscription.is_lost:
                _log.warning(
                    "subscription lost", reason=subscription.lost_because, node=subscription.node
                )
            else:
                await subscription.cancel()
                await self._in_time(self._finish(batches))
        finally:
            self._observer.consuming(None)
            await subscription.close()

    async def _unless_stopped(self, work: Coroutine[None, None, T]) -> T | None:
        """The result of the work; None if `stop` came first and the work was cancelled."""
        doing = asyncio.create_task(work)
        stopped = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait((doing, stopped), return_when=asyncio.FIRST_COMPLETED)
            return doing.result() if doing.done() else None
        finally:
            stopped.cancel()
            doing.cancel()
            await asyncio.wait((doing,))

    async def _finish(self, batches: asyncio.Task[None]) -> None:
        self._batching.finish()
        await asyncio.shield(batches)
        await self._settler.finish()

    async def _in_time(self, work: Coroutine[None, None, None]) -> None:
        """Does the work within the shutdown timeout."""
        try:
            async with asyncio.timeout(self._end_at - time.monotonic()):
                await work
        except TimeoutError:
            _log.warning("shutdown timeout: unfinished messages go back to the queue")
