import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from worker.domain.ports.unit_of_work import StoreUnavailableError
from worker.infra.messaging.amqp.delivery import SettlesDeliveries
from worker.infra.messaging.consuming.backoff import Backoff
from worker.infra.messaging.consuming.observer import Observer
from worker.infra.messaging.consuming.settling import HOLD_SECONDS
from worker.infra.repeat_limited_log import RepeatLimitedLog

T = TypeVar("T")

_log = structlog.get_logger(__name__)


class StoreRetry:
    """Holds messages in hand while the store is away, but no longer than they are ours."""

    def __init__(self, observer: Observer, finishing: asyncio.Event) -> None:
        self._observer = observer
        self._finishing = finishing
        self._trouble = RepeatLimitedLog(_log)

    async def until_done(
        self,
        work: Callable[[], Awaitable[T]],
        subscription: SettlesDeliveries,
        *,
        even_if_lost: bool = False,
    ) -> T | None:
        """Tries again while the store is away; None once the messages are no longer ours.

        Before the broker would lose patience with us, everything is given back.
        """
        backoff = Backoff()
        while even_if_lost or not subscription.is_lost:
            try:
                result = await work()
            except StoreUnavailableError as unavailable:
                self._observer.store_answers(yes=False)
                self._trouble.warn("the database takes no work: holding", str(unavailable))
                if backoff.elapsed > HOLD_SECONDS:
                    subscription.give_up("the database has been away for too long")
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
