"""A consumer whose subscriptions, batches and copies note what it does with them."""

import asyncio
from collections.abc import Callable
from typing import cast

from aiormq.exceptions import AMQPConnectionError

from tests.support.settling import Listening
from worker.infra.database_identity import DatabaseIdentity
from worker.infra.durations import Durations
from worker.infra.fleet import Pause
from worker.infra.messaging.consuming.batch_handler import BatchHandler
from worker.infra.messaging.consuming.batching import Batching
from worker.infra.messaging.consuming.consumer import Consumer, ConsumerOptions
from worker.infra.messaging.consuming.loss import Loss
from worker.infra.messaging.consuming.pause_switch import PauseSwitch
from worker.infra.messaging.consuming.settling import Settler
from worker.infra.messaging.consuming.subscription import Subscription

DURATIONS = Durations(first_pause=0.001, longest_pause=0.001)


class Life(Subscription):
    """One subscription without a broker, that notes what the consumer does with it."""

    def __init__(self, said: list[str]) -> None:
        self._loss = Loss()
        self._node = "rabbit-1:5672"
        self._said = said
        self.settled = True
        self.unsettled = 0

    @property
    def has_settled(self) -> bool:
        return self.settled

    @property
    def in_flight(self) -> int:
        return self.unsettled

    async def cancel(self) -> None:
        self._said.append("cancel")

    async def drain(self) -> None:
        self._said.append("drain")
        if self.unsettled:
            await asyncio.Event().wait()

    async def close(self) -> None:
        self._said.append("close")


class Batches(Batching):
    """Batches that end when told to finish, after what is in hand: `turns` of the event loop."""

    def __init__(self, said: list[str]) -> None:
        self._finishing = asyncio.Event()
        self._said = said
        self.hang = False
        self.bug: Exception | None = None

    def finish(self) -> None:
        self._finishing.set()

    async def run(self) -> None:
        if self.bug is not None:
            raise self.bug
        await self._finishing.wait()
        for _ in range(10):
            await asyncio.sleep(0)
        if self.hang:
            await asyncio.Event().wait()
        self._said.append("batch finished")


class Copies(Settler):
    def __init__(self, said: list[str]) -> None:
        self._said = said

    async def finish(self) -> None:
        self._said.append("copies finished")


async def identify() -> DatabaseIdentity:
    return DatabaseIdentity("cars", "public", "fingerprint", "pg-1:5432")


class Worker(Consumer):
    """A consumer whose subscriptions are `Life`; `begun` is called with each."""

    def __init__(
        self,
        *,
        startup_timeout: float = 30,
        shutdown_timeout: float = 30,
        durations: Durations = DURATIONS,
    ) -> None:
        self.said: list[str] = []
        self.observer = Listening()
        self.problems: list[str | None] = []
        self.pauses: list[Pause | None] = []
        self.switch = PauseSwitch(self._next_pause, durations)
        self.batches = Batches(self.said)
        self.lives: list[Life] = []
        self.begun: Callable[[int], None] = lambda _: None
        self.is_refused = False
        self.is_refused_when_cancelled = False
        self.opens_when_cancelled = False
        self.is_cancelled_by_aiormq = False
        self.hangs = False
        self.is_opening = asyncio.Event()
        self.wrong_schema: Exception | None = None
        super().__init__(
            ConsumerOptions(
                lambda: "amqp://nowhere/",
                identify,
                self._check_schema,
                self.switch,
                10,
                (),
                startup_timeout,
                shutdown_timeout,
            ),
            durations,
            self.batches,
            cast("BatchHandler", None),
            Copies(self.said),
            self._next_problem,
            self.observer,
        )

    async def run_to_its_end(self) -> None:
        async with asyncio.timeout(10):
            await self.run()

    async def _next_problem(self) -> str | None:
        return self.problems.pop(0) if self.problems else None

    async def _check_schema(self) -> None:
        if self.wrong_schema is not None:
            raise self.wrong_schema

    async def _next_pause(self) -> Pause | None:
        """The pauses that the database tells one after the other, then none."""
        return self.pauses.pop(0) if self.pauses else None

    async def _open(self, database: DatabaseIdentity) -> Subscription:  # noqa: ARG002 - as there
        if self.is_refused:
            raise AMQPConnectionError(111, "refused")
        if self.is_cancelled_by_aiormq:
            self.is_cancelled_by_aiormq = False
            raise asyncio.CancelledError
        if self.hangs:
            await self._hang()
        life = Life(self.said)
        self.lives.append(life)
        self.said.append("open")
        asyncio.get_running_loop().call_soon(self.begun, len(self.lives))
        return life

    async def _hang(self) -> None:
        self.is_opening.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if self.is_refused_when_cancelled:
                raise AMQPConnectionError(111, "refused") from None
            if not self.opens_when_cancelled:
                raise
