"""Deliveries on their way into batches."""

import asyncio
from collections import deque

from worker.infra.durations import Durations
from worker.infra.messaging.amqp.delivery import Delivery
from worker.infra.messaging.consuming.received import Received

GLANCES = 3
"""Turns of the event loop in which a second message would show itself behind the first."""


class Inbox:
    """What was delivered and not begun; the prefetch bounds it.

    Messages under suspicion of having killed a worker stand in a line of their own.
    """

    def __init__(self, durations: Durations) -> None:
        self._durations = durations
        self._received: deque[Received] = deque()
        self._suspects: deque[Delivery] = deque()
        self._arrived = asyncio.Event()

    def put(self, received: Received) -> None:
        """Adds a decoded message."""
        self._received.append(received)
        self._arrived.set()

    def put_suspect(self, suspect: Delivery) -> None:
        """Adds a message that is to be handled apart from the others, undecoded."""
        self._suspects.append(suspect)
        self._arrived.set()

    async def wait(self) -> None:
        """Returns when there is something to take."""
        while not self._received and not self._suspects:
            self._arrived.clear()
            await self._arrived.wait()

    def take_suspects(self, limit: int) -> list[Delivery]:
        """The next suspects that can still be settled, none if there are none."""
        taken = (self._suspects.popleft() for _ in range(min(limit, len(self._suspects))))
        return [suspect for suspect in taken if not suspect.subscription.is_lost]

    async def take_batch(self, limit: int) -> list[Received]:
        """The next messages, oldest first: a full batch, or all there is and will soon be.

        A single message on an idle worker is taken at once.
        """
        await self._gather(limit)
        taken = (self._received.popleft() for _ in range(min(limit, len(self._received))))
        return [received for received in taken if not received.delivery.subscription.is_lost]

    async def _gather(self, limit: int) -> None:
        for _ in range(GLANCES):
            if len(self._received) != 1:
                break
            await asyncio.sleep(0)
        loop = asyncio.get_running_loop()
        until, seen = loop.time() + self._durations.linger, 1
        while seen < len(self._received) < limit and loop.time() < until:
            seen = len(self._received)
            await asyncio.sleep(self._durations.linger_step)
