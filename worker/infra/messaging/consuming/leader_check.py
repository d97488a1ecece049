"""Ends a subscription whose node is cut off from the leader of the main queue, or is it.

In a partition RabbitMQ 4.3 keeps connections to the lonely node open. A leader there goes on
telling that its queue is empty and has our consumer, while the others have elected another one.
"""

import asyncio
from collections.abc import Callable

from worker.infra.durations import Durations
from worker.infra.messaging.amqp.connection import BROKER_ERRORS
from worker.infra.messaging.amqp.queue_counts import ask_leader, count_queue
from worker.infra.messaging.consuming.lookout import TOLD, Watched, Wedge
from worker.infra.messaging.consuming.observer import Observer
from worker.infra.messaging.names import MAIN_QUEUE


class LeaderCheck:
    """Asks on the connection of the subscription, while nothing is in hand or delivered on it."""

    def __init__(
        self, current: Callable[[], Watched | None], observer: Observer, durations: Durations
    ) -> None:
        self._current = current
        self._observer = observer
        self._durations = durations

    async def run(self) -> None:
        """Asks again and again."""
        while True:
            before = _progress(self._current())
            await asyncio.sleep(self._durations.leader_every)
            subscription = self._current()
            if subscription is not None and before == _progress(subscription) is not None:
                await self._ask(subscription)

    async def _ask(self, subscription: Watched) -> None:
        """One silence is enough: it costs nothing to leave, and other nodes are tried first."""
        idle = _progress(subscription)
        try:
            async with asyncio.timeout(self._durations.leader_answer):
                counts = await count_queue(subscription.connection, MAIN_QUEUE)
                if not counts.ready:  # or it would take one of them: the lookout sees to that
                    await ask_leader(subscription.connection, MAIN_QUEUE)
        except TimeoutError:
            if _progress(subscription) == idle:
                self._observer.wedged(Wedge.NO_ANSWER)
                subscription.give_up(TOLD[Wedge.NO_ANSWER])
        except BROKER_ERRORS:
            pass  # the queue was deleted, or the connection is gone: the subscription hears of it


def _progress(subscription: Watched | None) -> tuple[Watched, int] | None:
    """What differs after a delivery; None while there is something in hand, or nothing to ask."""
    if subscription is None or not subscription.is_consuming or subscription.in_flight:
        return None
    return subscription, subscription.delivered
