"""Turns deliveries into batches."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager

from worker.infra.clocks import Clocks
from worker.infra.messaging.amqp.delivery import Delivery
from worker.infra.messaging.consuming.holding import Holding
from worker.infra.messaging.consuming.inbox import Inbox
from worker.infra.messaging.consuming.received import Received
from worker.infra.messaging.consuming.suspects import SUSPECTS_TOGETHER, Suspects, is_suspect
from worker.infra.messaging.consuming.under_way import UnderWay, cars_in

Process = Callable[[Sequence[Received]], Awaitable[None]]
"""Applies and settles a batch."""


class Batching:
    """Handles one batch, and beside it another one if that is full.

    New deliveries are decoded while both wait for PostgreSQL. Suspects have the worker to
    themselves: whatever killed it meanwhile, they would be blamed.
    """

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
        self._under_way = UnderWay(inbox.wake)
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
        """Handles batches until `finish` is called, and those under way to their end.

        It goes on where `begin` was called before they ended.
        """
        while not self._finishing.is_set():
            try:
                async with asyncio.TaskGroup() as group:
                    await self._begin_batches(group)
            except ExceptionGroup as errors:
                bug = errors.exceptions[0]
                raise bug from bug.__cause__

    def begin(self) -> None:
        """Allows `run` to be called again after `finish`."""
        self._finishing.clear()

    def finish(self) -> None:
        """Makes `run` return once the batches under way are settled; the rest is left unsettled."""
        self._finishing.set()
        self._inbox.wake()

    async def _begin_batches(self, group: asyncio.TaskGroup) -> None:
        while await self._something_to_do():
            await self._handle_suspects()
            if not self._finishing.is_set():
                limit = self._holding.limit(self._batch_size)
                if batch := await self._inbox.take_batch(limit):
                    handling = group.create_task(self._handle_in_task(batch))
                    self._under_way.add(handling, cars_in(batch))

    async def _something_to_do(self) -> bool:
        await self._decode_until(self._may_begin)
        for delivery in await self._holding.rest():
            self.deliver(delivery)
        await self._decode_until(self._may_begin)  # again: suspects may have been held
        while self._inbox.is_empty and not self._finishing.is_set():
            await self._inbox.wait()
        return not self._finishing.is_set()

    async def _handle_suspects(self) -> None:
        if suspects := self._inbox.take_suspects(self._holding.limit(SUSPECTS_TOGETHER)):
            with _cancelling_is_told():
                await self._suspects.handle(suspects, self._try)

    async def _try(self, suspects: Sequence[Delivery]) -> None:
        await self._handle([self._inbox.receive(suspect) for suspect in suspects])

    def _may_begin(self) -> bool:
        """Whether nothing is under way, or a full batch of other cars can begin beside it."""
        if not self._under_way:
            return True
        if not self._under_way.has_room or self._holding.is_on or self._inbox.has_suspects:
            return False
        batch = self._inbox.full_batch(self._batch_size)
        return batch is not None and not self._under_way.touches(cars_in(batch))

    async def _decode_until(self, condition: Callable[[], bool]) -> None:
        """Decodes what waits and what arrives, until a condition holds or `finish` is called."""
        while not condition() and not self._finishing.is_set():
            if self._inbox.decode_ahead():
                await asyncio.sleep(0)
            else:
                await self._inbox.wait()

    async def _handle_in_task(self, batch: Sequence[Received]) -> None:
        """A `TaskGroup` passes over a task that ends cancelled: its messages would stay in hand."""
        with _cancelling_is_told():
            await self._handle(batch)

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


@contextmanager
def _cancelling_is_told() -> Iterator[None]:
    """If something cancels what this task waits for, and not the task, that is an error."""
    task = asyncio.current_task()
    try:
        yield
    except asyncio.CancelledError as error:
        if task is None or task.cancelling():
            raise
        raise RuntimeError("something cancelled a batch") from error
