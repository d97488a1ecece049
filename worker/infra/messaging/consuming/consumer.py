"""Keeps one subscription open while the worker runs."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

import structlog

from worker.domain.ports.unit_of_work import StoreUnavailableError
from worker.infra.database_identity import DatabaseIdentity
from worker.infra.durations import Durations
from worker.infra.fleet import Pause
from worker.infra.messaging.amqp.connection import (
    BROKER_ERRORS,
    closing_is_an_error,
    in_brief,
)
from worker.infra.messaging.consuming.backoff import Backoff
from worker.infra.messaging.consuming.batch_handler import BatchHandler
from worker.infra.messaging.consuming.batching import Batching
from worker.infra.messaging.consuming.lookout import TOLD, Wedge
from worker.infra.messaging.consuming.observer import Observer
from worker.infra.messaging.consuming.pause_switch import PauseSwitch
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
    check_schema: Callable[[], Awaitable[object]]
    pause_switch: PauseSwitch
    prefetch: int
    delays: tuple[RetryDelay, ...]
    startup_timeout: float
    shutdown_timeout: float


class Consumer:
    """Opens a subscription, and a new one whenever it is lost, until it is stopped.

    While operators pause it, it has none.
    """

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
        self.subscription: Subscription | None = None
        self._switch = options.pause_switch
        self._stop = asyncio.Event()
        self._end_at = math.inf
        self._batches: asyncio.Task[None] | None = None
        self._has_started = False
        self._left: str | None = None
        self._trouble = RepeatLimitedLog(_log, durations.log_repeat)

    def stop(self) -> None:
        """Stops gracefully: finishes in-flight batches and requeues the rest."""
        if not self._stop.is_set():
            self._end_at = time.monotonic() + self._finishing_seconds
            self._stop.set()

    async def run(self) -> None:
        """Consumes; returns after `stop`, once all deliveries are settled or time is up.

        Raises:
            StartupTimeoutError: consuming did not start within the startup timeout.
        """
        self._batches = self._start_batches()
        in_vain = Backoff(self._durations)
        try:
            while not self._stop.is_set():
                if await self._consume_once():
                    in_vain = Backoff(self._durations)
                if self._switch.pause is None:
                    await self._unless_stopped(asyncio.sleep(in_vain.next_pause()))
                else:
                    await self._unless_stopped(self._stay_paused(self._switch.pause))
            await self._in_time(self._finish())
        finally:
            self._batches.cancel()

    async def _consume_once(self) -> bool:
        """Consumes by one subscription until it ends; returns whether it got anywhere."""
        try:
            async with closing_is_an_error():
                subscription = await self._unless_told(self._subscribe())
                if subscription is None:
                    return False
                await self._consume(subscription)
                return subscription.has_settled
        except BROKER_ERRORS as error:
            # Else this task would end as if it was cancelled, and the worker do nothing for good.
            self._trouble.warn("subscribing again", in_brief(error))
            return False

    def _start_batches(self) -> asyncio.Task[None]:
        """Starts the batches, unless they still run although a pause should have ended them."""
        self._batching.begin()
        if self._batches is not None and not self._batches.done():
            return self._batches
        batches = asyncio.create_task(self._batching.run())
        batches.add_done_callback(self._stop_if_failed)
        return batches

    def _stop_if_failed(self, batches: asyncio.Task[None]) -> None:
        if batches.cancelled() or batches.exception() is not None:
            self.stop()

    async def _subscribe(self) -> Subscription | None:
        """Waits for database and broker, then consumes; None once the worker is paused or stopped.

        Only the first wait has a time limit. In a pause the tables may be locked: nothing but the
        schema is looked at before.
        """
        backoff = Backoff(self._durations)
        while not self._stop.is_set():
            try:
                await self._options.check_schema()
                if await self._switch.ask() is not None:
                    return None
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
            if not self._has_started and backoff.elapsed > self._options.startup_timeout:
                raise StartupTimeoutError(problem)
            await asyncio.sleep(backoff.next_pause())
        return None  # an error of the broker overtook the cancellation

    async def _stay_paused(self, pause: Pause | None) -> None:
        """Returns once no pause is in force; a worker that starts in one has started, too."""
        self._has_started = True
        self._trouble.over()
        while pause is not None:
            self._observer.paused(pause)
            _log.info("consuming nothing", pause=str(pause))
            await self._switch.wait_other(pause)
            pause = self._switch.pause
        self._observer.paused(None)
        _log.info("resuming")

    async def _open(self, database: DatabaseIdentity) -> Subscription:
        return await Subscription.open(
            self._options.url(),
            prefetch=self._options.prefetch,
            delays=self._options.delays,
            batching=self._batching,
            handler=self._handler,
            durations=self._durations,
            database=database.fingerprint,
            left=self._left,
        )

    def _log_consuming(self, database: DatabaseIdentity, node: str) -> None:
        _log.info(
            "consuming",
            node=node,
            prefetch=self._options.prefetch,
            database=database.database,
            schema=database.schema,
            server=database.server,
        )

    async def _consume(self, subscription: Subscription) -> None:
        self._has_started = True
        self._trouble.over()
        self._batches = self._start_batches()
        self._observer.paused(None)  # a pause may have ended before its work in hand was settled
        self._observer.consuming(subscription)
        self.subscription = subscription
        try:
            await self._unless_told(subscription.wait_lost())
            if subscription.lost_because == TOLD[Wedge.SUSPECTED]:
                _log.info("renewing the subscription", reason=subscription.lost_because)
            elif subscription.is_lost:
                self._left = subscription.node
                _log.warning(
                    "subscription lost", reason=subscription.lost_because, node=subscription.node
                )
            else:
                await self._settle_what_is_in_hand(subscription)
        finally:
            self.subscription = None
            self._observer.consuming(None)
            await subscription.close()

    async def _settle_what_is_in_hand(self, subscription: Subscription) -> None:
        """For `stop` the batches that have begun; for a pause all deliveries, if they take no time.

        What goes back to the queue counts as delivered once more, and becomes suspect sooner.
        """
        if self._stop.is_set():
            await subscription.cancel()
        else:
            self._observer.paused(self._switch.pause)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._durations.pause_drain):
                    await subscription.cancel()
                    await self._unless_stopped(subscription.drain())
        await self._in_time(self._finish())

    async def _unless_stopped(self, work: Coroutine[None, None, T]) -> T | None:
        """The result of the work; None if `stop` came first and the work was cancelled by it."""
        return await _unless(work, self._stop.wait())

    async def _unless_told(self, work: Coroutine[None, None, T]) -> T | None:
        """As `_unless_stopped`, and None also if a pause came first."""
        return await _unless(work, self._stop.wait(), self._switch.wait_paused())

    async def _finish(self) -> None:
        assert self._batches is not None, "`run` starts them first"
        self._batching.finish()
        await asyncio.shield(self._batches)
        await self._settler.finish()

    async def _in_time(self, work: Coroutine[None, None, None]) -> None:
        """Does the work within its share of the shutdown timeout."""
        seconds = min(self._finishing_seconds, self._end_at - time.monotonic())
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                await work
        except TimeoutError:
            if not limit.expired():
                raise
            _log.warning("shutdown timeout: unfinished messages go back to the queue")

    @property
    def _finishing_seconds(self) -> float:
        return self._options.shutdown_timeout * FINISHING_SHARE


async def _unless(
    work: Coroutine[None, None, T], *events: Coroutine[None, None, object]
) -> T | None:
    doing = asyncio.create_task(work)
    waiting = [asyncio.create_task(event) for event in events]
    try:
        await asyncio.wait((doing, *waiting), return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            return doing.result()
    finally:
        for task in (doing, *waiting):
            task.cancel()
        await asyncio.wait((doing,))
    # `asyncio.wait_for` of Python 3.11 misses a cancellation that comes with its result: a
    # subscription that opened all the same must be closed.
    return None if doing.cancelled() else doing.result()
