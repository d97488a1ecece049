"""A subscription that only takes deliveries, and how they came."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from tests.support.histories import Event
from worker.infra.durations import DEFAULT_DURATIONS
from worker.infra.messaging.amqp.delivery import Delivery
from worker.infra.messaging.consuming.batch_handler import BatchHandler
from worker.infra.messaging.consuming.batching import Process
from worker.infra.messaging.consuming.subscription import Subscription

LARGER_THAN_A_FRAME = 300_000


def event(number: int, text: str = "") -> Event:
    return Event("inventory.price-changed.v1", "/test", f"m-{number}", {"text": text})


EVENTS = [event(0, "x" * LARGER_THAN_A_FRAME), *(event(i) for i in range(1, 20))]


class Taken:
    """Takes deliveries, and notes in which task each one came.

    No task means a callback of the event loop, past aiormq, which starts a task for each.
    """

    def __init__(self, expected: int) -> None:
        self._expected = expected
        self.bodies: list[bytes] = []
        self.tasks: set[asyncio.Task[object] | None] = set()
        self.all_there = asyncio.Event()

    def send_to(self, process: Process) -> None: ...

    def deliver(self, delivery: Delivery) -> None:
        self.bodies.append(delivery.message.body)
        self.tasks.add(asyncio.current_task())
        if len(self.bodies) == self._expected:
            self.all_there.set()


@asynccontextmanager
async def opened(
    rabbitmq_url: str, taken: Taken, prefetch: int = 100
) -> AsyncIterator[Subscription]:
    subscription = await Subscription.open(
        rabbitmq_url,
        prefetch=prefetch,
        delays=(),
        batching=taken,
        handler=cast("BatchHandler", None),
        durations=DEFAULT_DURATIONS,
        database="",
    )
    try:
        yield subscription
    finally:
        await subscription.close()
