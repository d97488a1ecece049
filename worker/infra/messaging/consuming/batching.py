"""Turns deliveries into batches, one at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from worker.infra.clocks import Clocks
from worker.infra.messaging.amqp.delivery import Delivery
from worker.infra.messaging.consuming.holding import Holding
from worker.infra.messaging.consuming.inbox import Inbox
from worker.infra.messaging.consuming.received import Received
from worker.infra.messaging.consuming.suspects import SUSPECTS_TOGETHER, Suspects, is_suspect

Process = Callable[[Sequence[Received]], Awaitable[None]]
"""Applies and settles a batch."""


class Batching:
    """Handles one batch at a time; new deliveries are decoded while it waits for PostgreSQL."""

    def __init__(
        self,
        *,
        inbox: Inbox,
        suspects: Suspects,
        holding: Holding,
        clocks: Clocks,
        batch_size: int,
        finishing: asyncio.Event,
    ) -> None:
        self._inbox = inbox
        self._suspects = suspects
        self._holding = holding
        self._clocks = clocks
        self._batch_size = batch_size
        self._finishing = finishing
        self._process: Process | None = None

    def send_to(self, process: Process) -> None:
        """Sets the handler of batches; call it before the first delivery."""
        self._process = process

    def deliver(self, delivery: Delivery) -> None:
        """Adds a delivery."""
        if self._clocks_differ(delivery):
            return
        if is_suspect(delivery):
            self._inbox.put_suspect(delivery)
        else:
            self._inbox.put(delivery)

    async def run(self) -> None:
        """Handles batches until `finish` is called."""
        while await self._something_to_do():
            if suspects := self._inbox.take_suspects(self._holding.limit(SUSPECTS_TOGETHER)):
                await self._suspects.handle(suspects, self._try)
            if not self._finishing.is_set():
                limit = self._holding.limit(self._batch_size)
                await self._handle_and_decode(await self._inbox.take_batch(limit))

    def begin(self) -> None:
        """Allows `run` to be called again after `finish`."""
        self._finishing.clear()

    def finish(self) -> None:
        """Makes `run` return once the current batch is settled; the rest is left unsettled."""
        self._finishing.set()
        self._inbox.wake()

    async def _something_to_do(self) -> bool:
        for delivery in await self._holding.rest():
            self.deliver(delivery)
        while self._inbox.is_empty and not self._finishing.is_set():
            await self._inbox.wait()
        return not self._finishing.is_set()

    async def _try(self, suspects: Sequence[Delivery]) -> None:
        await self._handle([self._inbox.receive(suspect) for suspect in suspects])

    async def _handle_and_decode(self, batch: Sequence[Received]) -> None:
        """Decodes the next messages meanwhile; if these kill the worker, no suspect is blamed."""
        ahead = asyncio.create_task(self._inbox.decode_ahead())
        try:
            await self._handle(batch)
        finally:
            ahead.cancel()

    async def _handle(self, batch: Sequence[Received]) -> None:
        if batch and not self._clocks_differ(batch[-1].delivery):
            assert self._process is not None, "deliveries come after `send_to`"
            await self._process(batch)

    def _clocks_differ(self, delivery: Delivery) -> bool:
        """Whether the clocks differ too much to decode events; then all go back to the queue."""
        problem = self._clocks.problem()
        if problem is None:
            return False
        delivery.subscription.give_up(problem)
        return True
