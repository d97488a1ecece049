import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import structlog

from worker.application.outcomes import Failure, Result
from worker.domain.error_code import ErrorCode
from worker.infra.durations import Durations
from worker.infra.messaging.amqp.delivery import Delivery, SettlesDeliveries
from worker.infra.messaging.consuming.backoff import Backoff
from worker.infra.messaging.consuming.breaker import HANDFUL, Breaker, is_ours
from worker.infra.messaging.consuming.observer import Observer
from worker.infra.messaging.consuming.received import Received
from worker.infra.messaging.history import History
from worker.infra.messaging.names import WORKER_EXCHANGE

_log = structlog.get_logger(__name__)


class Holding:
    """Holds the messages that fail while the breaker is open; they use up no attempt.

    Meanwhile a handful of messages at a time is tried, with growing pauses, and what succeeds is
    settled. After the hold limit the subscription ends, so that other workers get the messages.
    """

    def __init__(
        self,
        observer: Observer,
        finishing: asyncio.Event,
        durations: Durations,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._observer = observer
        self._finishing = finishing
        self._durations = durations
        self._clock = clock
        self._breaker = Breaker()
        self._backoff = Backoff(durations)
        self._held: list[Delivery] = []
        self._since: tuple[SettlesDeliveries, float] | None = None
        self._shouted_at: float | None = None

    @property
    def is_on(self) -> bool:
        """Whether most messages fail."""
        return self._breaker.is_open

    def limit(self, batch_size: int) -> int:
        """The size of the next batch."""
        return min(batch_size, HANDFUL) if self._breaker.is_open else batch_size

    async def rest(self) -> list[Delivery]:
        """Pauses while the breaker is open; returns the held messages, to try them again."""
        if self._breaker.is_open:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._backoff.next_pause()):
                    await self._finishing.wait()
        held, self._held = self._held, []
        return held

    def hold(self, results: Sequence[tuple[Received, Result]]) -> list[tuple[Received, Result]]:
        """Holds messages if most fail; returns those to settle."""
        was_open = self._breaker.is_open
        self._breaker.judge(results)
        if not self._breaker.is_open:
            if was_open:
                self._end()
            return list(results)
        if not was_open:
            self._backoff = Backoff(self._durations)
        for _, result in results:
            if isinstance(result, Failure) and is_ours(result):
                self._shout(result)
                break
        held = [received.delivery for received, result in results if may_be_held(received, result)]
        if held:
            self._keep(held)
        return [each for each in results if not may_be_held(*each)]

    def _keep(self, deliveries: Sequence[Delivery]) -> None:
        subscription, now = deliveries[-1].subscription, self._clock()
        if self._since is None or self._since[0] is not subscription:
            self._since = subscription, now
        elif now - self._since[1] > self._durations.hold:
            subscription.give_up("most messages failed for longer than the hold limit")
        self._held += deliveries

    def _shout(self, failure: Failure) -> None:
        """Logs the fault once a minute; readiness has it at once."""
        problem = f"most messages fail, so they are held: {failure.detail}"
        self._observer.holding(problem)
        now = self._clock()
        if self._shouted_at is None or now - self._shouted_at > self._durations.bug_log_repeat:
            self._shouted_at = now
            place = " > ".join(failure.trace)
            _log.error("most messages fail: holding them", reason=failure.detail, place=place)

    def _end(self) -> None:
        self._shouted_at = None
        self._observer.holding(None)
        _log.info("messages succeed again: holding none")


def may_be_held(received: Received, result: Result) -> bool:
    """Whether a message is one to hold; never a replay, whose outcome somebody waits for."""
    if not isinstance(result, Failure) or result.code is not ErrorCode.UNEXPECTED_ERROR:
        return False
    return not History.of(received.delivery.message, WORKER_EXCHANGE).replays
