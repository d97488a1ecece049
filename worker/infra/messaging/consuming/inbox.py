"""Deliveries that wait for a batch."""

import asyncio
from collections import deque
from itertools import islice

from worker.infra.durations import Durations
from worker.infra.messaging.amqp.delivery import Delivery
from worker.infra.messaging.consuming.received import Received
from worker.infra.messaging.events.decoding import Decoder

SLICE = 16
"""Messages decoded ahead in one turn of the event loop: about 0.2 ms."""


class Inbox:
    """Delivered messages that wait for a batch, bounded by the prefetch.

    Suspects have a separate queue, and stay undecoded.
    """

    def __init__(self, durations: Durations, decoder: Decoder) -> None:
        self._durations = durations
        self._decoder = decoder
        self._decoded: deque[Received] = deque()
        self._undecoded: deque[Delivery] = deque()
        self._suspects: deque[Delivery] = deque()
        self._arrived = asyncio.Event()

    def __len__(self) -> int:
        """How many wait, without suspects."""
        return len(self._decoded) + len(self._undecoded)

    @property
    def is_empty(self) -> bool:
        """Whether neither a message nor a suspect waits."""
        return not len(self) and not self._suspects

    def put(self, delivery: Delivery) -> None:
        """Adds a message, which is decoded ahead, or when it is taken."""
        self._undecoded.append(delivery)
        self._arrived.set()

    def put_suspect(self, suspect: Delivery) -> None:
        """Adds a suspect, which is handled separately."""
        self._suspects.append(suspect)
        self._arrived.set()

    async def wait(self) -> None:
        """Returns when something arrives, or somebody calls `wake`."""
        self._arrived.clear()
        await self._arrived.wait()

    def wake(self) -> None:
        """Ends a `wait`."""
        self._arrived.set()

    def decode_ahead(self) -> bool:
        """Decodes the next few messages; returns whether there were any.

        A few, so that the answers of PostgreSQL to a batch under way do not wait for it.
        """
        few = min(SLICE, len(self._undecoded))
        for _ in range(few):
            self._decoded.append(self.receive(self._undecoded.popleft()))
        return few > 0

    @property
    def has_suspects(self) -> bool:
        """Whether a suspect waits."""
        return bool(self._suspects)

    def full_batch(self, limit: int) -> list[Received] | None:
        """The next messages, if so many are decoded; they stay."""
        if len(self._decoded) < limit:
            return None
        batch = list(islice(filter(_can_be_settled, self._decoded), limit))
        return batch if len(batch) == limit else None

    def receive(self, delivery: Delivery) -> Received:
        """The delivery with what it carries."""
        return Received(delivery, self._decoder.try_decode(delivery.message))

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

        A single message is taken at once.
        """
        await self._gather(limit)
        taken: list[Received] = []
        while len(self) and len(taken) < limit:
            received = self._next()
            if _can_be_settled(received):
                taken.append(received)
        return taken

    def _next(self) -> Received:
        if self._decoded:
            return self._decoded.popleft()
        return self.receive(self._undecoded.popleft())

    async def _gather(self, limit: int) -> None:
        loop = asyncio.get_running_loop()
        until, seen = loop.time() + self._durations.linger, 1
        while seen < len(self) < limit and loop.time() < until:
            seen = len(self)
            await asyncio.sleep(self._durations.linger_step)


def _can_be_settled(received: Received) -> bool:
    return not received.delivery.subscription.is_lost
