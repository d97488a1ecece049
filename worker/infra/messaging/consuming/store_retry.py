import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from worker.domain.ports.unit_of_work import StoreUnavailableError
from worker.infra.durations import Durations
from worker.infra.messaging.amqp.delivery import SettlesDeliveries
from worker.infra.messaging.consuming.backoff import Backoff
from worker.infra.messaging.consuming.observer import Observer
from worker.infra.repeat_limited_log import RepeatLimitedLog

T = TypeVar("T")

_log = structlog.get_logger(__name__)


class StoreRetry:
    """Retries while the store is unavailable, until the deliveries are lost."""

    def __init__(self, observer: Observer, finishing: asyncio.Event, durations: Durations) -> None:
        self._observer = observer
        self._finishing = finishing
        self._durations = durations
        self._trouble = RepeatLimitedLog(_log, durations.log_repeat)

    async def until_done(
        self,
        work: Callable[[], Awaitable[T]],
        subscription: SettlesDeliveries,
        *,
        even_if_lost: bool = False,
    ) -> T | None:
        """The result of the work; None once the deliveries are lost or the worker is finishing.

        After the hold limit the subscription ends, so that other workers get the messages.
        """
        backoff, has_failed = Backoff(self._durations), False
        while even_if_lost or not subscription.is_lost:
            try:
                result = await work()
            except StoreUnavailableError as unavailable:
                has_failed = True
                self._observer.store_refused(str(unavailable))
                self._trouble.warn("database unavailable: holding messages", str(unavailable))
                if backoff.elapsed > self._durations.hold:
                    subscription.give_up("the database was unavailable for longer than the limit")
                if await self._finishing_within(backoff.next_pause()):
                    return None
            else:
                if has_failed:  # else the trouble may be that of another batch under way
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
