"""Deliveries that wait for a batch."""

import asyncio
from collections import deque

from worker.infra.durations import Durations
from worker.infra.messaging.amqp.delivery import Delivery
from worker.infra.messaging.consuming.received import Received

GLANCES = 3
"""Turns of the event loop in which a second message would arrive after the first."""


class Inbox:
    """Delivered messages that wait for a batch, bounded by the prefetch.

    Suspects have a separate queue.
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
        """Adds a suspect, which stays undecoded and is handled separately."""
        self._suspects.append(suspect)
        self._arrived.set()

    async def wait(self) -> None:
        """Returns when a message or a suspect is available."""
        while not self._received and not self._suspects:
            self._arrived.clear()
            await self._arrived.wait()

    def take_suspects(self, limit: int) -> list[Delivery]:
        """The next suspects, without those that can no longer be settled."""
        taken: list[Delivery] = []
        while self._suspects and len(taken) < limit:
            suspect = self._suspects.popleft()
            if not suspect.subscription.is_lost:
                taken.append(suspect)
        return taken

    async def take_batch(self, limit: int) -> list[Received]:
        """The next messages, oldest first: a full batch, or all that arrive within `linger`.

        A single message on an idle worker is taken at once.
        """
        await self._gather(limit)
        taken: list[Received] = []
        while self._received and len(taken) < limit:
            received = self._received.popleft()
            if not received.delivery.subscription.is_lost:
                taken.append(received)
        return taken

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
