"""Ends a subscription that seems to consume while RabbitMQ delivers nothing on it.

The channel is open and our consumer registered, as far as this process knows, but RabbitMQ lost
the consumer, or counts its deliveries as unacknowledged although none arrived. A new subscription
mends that. It costs nothing, because this one has nothing in hand: only idle ones are looked at.
"""

import asyncio
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Protocol

from aiormq.abc import AbstractConnection

from worker.infra.durations import Durations
from worker.infra.messaging.amqp.connection import BROKER_ERRORS
from worker.infra.messaging.amqp.delivery import SettlesDeliveries
from worker.infra.messaging.amqp.queue_counts import QueueCounts, count_queue
from worker.infra.messaging.consuming.observer import Consuming, Observer
from worker.infra.messaging.names import MAIN_QUEUE

SIGHTINGS = 3
"""Looks in a row that must see the same: a message may wait a moment, an answer may be late."""


class Wedge(StrEnum):
    """What RabbitMQ says that cannot be while we consume and have nothing in hand."""

    NO_CONSUMER = "no-consumer"
    NOT_HELD = "not-held"
    NOT_DELIVERED = "not-delivered"


_TOLD = {
    Wedge.NO_CONSUMER: "RabbitMQ knows no consumer of the queue, not even ours",
    Wedge.NOT_HELD: "RabbitMQ counts deliveries to us as unacknowledged, and we have none",
    Wedge.NOT_DELIVERED: "messages wait in the queue, and RabbitMQ delivers none to us",
}


class Watched(SettlesDeliveries, Consuming, Protocol):
    """The `Subscription`, or its replacement in tests."""

    @property
    def delivered(self) -> int:
        """Number of deliveries so far."""
        ...

    @property
    def consumer_tag(self) -> str:
        """The name of our consumer at the broker."""
        ...

    @property
    def connection(self) -> AbstractConnection:
        """To ask RabbitMQ on."""
        ...


CountHeld = Callable[[str], Awaitable[int]]
"""Unacknowledged messages at the broker on the channel of a consumer, by its tag; 0 if unknown."""


async def unknown_held(_: str) -> int:
    """Without the management API nobody knows."""
    return 0


class Lookout:
    """Looks every half minute at the subscription of that moment."""

    def __init__(
        self,
        current: Callable[[], Watched | None],
        count_held: CountHeld,
        observer: Observer,
        durations: Durations,
    ) -> None:
        self._current = current
        self._count_held = count_held
        self._observer = observer
        self._durations = durations
        self._seen: list[Wedge] = []
        self._before: tuple[Watched, int] | None = None

    async def run(self) -> None:
        """Looks again and again."""
        while True:
            await asyncio.sleep(self._durations.lookout_every)
            subscription = self._current()
            if subscription is not None:
                await self._look(subscription)

    async def _look(self, subscription: Watched) -> None:
        before, self._before = self._before, (subscription, subscription.delivered)
        wedge = None
        if self._before == before and subscription.is_consuming and not subscription.in_flight:
            wedge = await self._find_wedge(subscription)
        goes_on = wedge is not None and {*self._seen} <= {wedge}
        self._seen = [*self._seen, wedge] if wedge is not None and goes_on else []
        is_same = subscription.is_consuming and subscription.delivered == self._before[1]
        if wedge and len(self._seen) >= SIGHTINGS and is_same:
            self._seen = []
            self._observer.wedged(wedge)
            subscription.give_up(_TOLD[wedge])

    async def _find_wedge(self, subscription: Watched) -> Wedge | None:
        """None also if RabbitMQ does not answer, which proves nothing."""
        try:
            async with asyncio.timeout(self._durations.call):
                counts = await count_queue(subscription.connection, MAIN_QUEUE)
                held = await self._count_held(subscription.consumer_tag)
        except BROKER_ERRORS:
            return None
        return judge(counts, held)


def judge(counts: QueueCounts, held: int) -> Wedge | None:
    """What is wrong with an idle subscription; None if nothing is."""
    if not counts.consumers:
        return Wedge.NO_CONSUMER
    if held:
        return Wedge.NOT_HELD
    return Wedge.NOT_DELIVERED if counts.ready else None
