import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import cast

import pytest
from aiormq.exceptions import AMQPConnectionError
from structlog.testing import capture_logs

from tests.support.settling import Listening
from worker.infra.database_identity import DatabaseIdentity
from worker.infra.durations import Durations
from worker.infra.fleet import Pause
from worker.infra.messaging.consuming.batch_handler import BatchHandler
from worker.infra.messaging.consuming.batching import Batching
from worker.infra.messaging.consuming.consumer import (
    Consumer,
    ConsumerOptions,
    StartupTimeoutError,
)
from worker.infra.messaging.consuming.pause_switch import PauseSwitch
from worker.infra.messaging.consuming.settling import Settler
from worker.infra.messaging.consuming.subscription import Subscription

DURATIONS = Durations(first_pause=0.001, longest_pause=0.001)


PAUSE = Pause(1, "maintenance", "ana", datetime(2026, 1, 1, tzinfo=UTC), None, None, None)


class Life(Subscription):
    """One subscription without a broker, that notes what the consumer does with it."""

    def __init__(self, said: list[str]) -> None:
        self._lost = asyncio.Event()
        self._node = "rabbit-1:5672"
        self._said = said
        self.lost_because = ""
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
        self.hangs = False
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
        if self.hangs:
            await asyncio.Event().wait()
        life = Life(self.said)
        self.lives.append(life)
        self.said.append("open")
        asyncio.get_running_loop().call_soon(self.begun, len(self.lives))
        return life


async def test_a_stopped_worker_finishes_what_is_in_hand_and_then_closes() -> None:
    worker = Worker()
    worker.begun = lambda _: worker.stop()

    with capture_logs() as logs:
        await worker.run_to_its_end()

    assert worker.said[:3] == ["open", "cancel", "batch finished"]
    assert worker.said[3:5] == ["copies finished", "close"]
    assert worker.observer.subscriptions == [worker.lives[0], None]
    assert [entry["event"] for entry in logs] == ["consuming"]


async def test_another_subscription_is_opened_whenever_one_is_lost() -> None:
    worker = Worker()

    def lose_twice(number: int) -> None:
        if number < 3:
            worker.lives[-1].give_up("the broker is gone")
        else:
            worker.stop()

    worker.begun = lose_twice
    await worker.run_to_its_end()

    assert worker.said[:5] == ["open", "close", "open", "close", "open"]
    first, second, third = worker.lives
    assert worker.observer.subscriptions == [first, None, second, None, third, None]


async def test_subscriptions_that_settle_nothing_are_opened_ever_more_rarely() -> None:
    """RabbitMQ may end each connection at the same message."""
    worker = Worker(durations=Durations(first_pause=0.02, longest_pause=1))
    opened_at: list[float] = []

    def lose_unsettled(number: int) -> None:
        opened_at.append(time.monotonic())
        worker.lives[-1].settled = number == 5
        worker.lives[-1].give_up("INTERNAL_ERROR")
        if number == 7:
            worker.stop()

    worker.begun = lose_unsettled
    await worker.run_to_its_end()

    pauses = [later - earlier for earlier, later in pairwise(opened_at)]
    shortest = [0.01, 0.02, 0.04, 0.08, 0.01, 0.02]
    assert all(pause >= bound for pause, bound in zip(pauses, shortest, strict=True))
    assert pauses[4] < 0.16


async def test_what_is_in_hand_is_given_back_once_the_time_is_up() -> None:
    worker = Worker(shutdown_timeout=0.05)
    worker.batches.hang = True
    worker.begun = lambda _: worker.stop()

    with capture_logs() as logs:
        await worker.run_to_its_end()

    assert "batch finished" not in worker.said
    assert worker.said[-1] == "close"
    assert logs[-1]["event"].startswith("shutdown timeout")


async def test_less_than_the_whole_shutdown_timeout_is_enough_for_a_short_batch() -> None:
    worker = Worker(shutdown_timeout=0.5)
    worker.begun = lambda _: worker.stop()

    await worker.run_to_its_end()

    assert "copies finished" in worker.said


async def test_stopping_twice_gives_no_more_time() -> None:
    worker = Worker(shutdown_timeout=0.05)
    worker.batches.hang = True
    stopping = asyncio.Event()

    async def stop_again_and_again() -> None:
        await stopping.wait()
        while True:
            worker.stop()
            await asyncio.sleep(0.01)

    worker.begun = lambda _: stopping.set()
    again = asyncio.create_task(stop_again_and_again())

    await worker.run_to_its_end()

    again.cancel()
    assert worker.said[-1] == "close"


async def test_the_servers_are_waited_for_and_each_attempt_is_told() -> None:
    worker = Worker()
    worker.problems = ["PostgreSQL: away", "PostgreSQL: starting"]
    worker.begun = lambda _: worker.stop()

    await worker.run_to_its_end()

    assert worker.observer.waited_for == ["PostgreSQL: away", "PostgreSQL: starting"]
    assert len(worker.lives) == 1


async def test_a_worker_that_never_consumed_gives_up_after_the_startup_timeout() -> None:
    worker = Worker(startup_timeout=0.01)
    worker.problems = ["PostgreSQL: away"] * 10_000

    with pytest.raises(StartupTimeoutError, match="PostgreSQL: away"):
        await worker.run_to_its_end()
    assert worker.lives == []
    assert len(worker.observer.waited_for) > 1


async def test_a_worker_that_has_consumed_waits_for_as_long_as_it_takes() -> None:
    worker = Worker(startup_timeout=0.000_001)

    def lose_once(number: int) -> None:
        if number == 1:
            worker.problems = ["PostgreSQL: away"] * 5
            worker.lives[0].give_up("the broker is gone")
        else:
            worker.stop()

    worker.begun = lose_once
    await worker.run_to_its_end()

    assert worker.observer.waited_for == ["PostgreSQL: away"] * 5
    assert len(worker.lives) == 2


async def test_a_worker_that_is_stopped_while_it_waits_for_the_servers_ends() -> None:
    worker = Worker()
    worker.problems = ["PostgreSQL: away"] * 10_000
    running = asyncio.create_task(worker.run_to_its_end())
    await asyncio.sleep(0)

    worker.stop()

    await running
    assert worker.lives == []
    assert worker.said == ["batch finished", "copies finished"]


async def test_a_broker_that_refuses_connections_is_a_problem_that_is_told() -> None:
    worker = Worker(startup_timeout=0.000_001)
    worker.is_refused = True

    with pytest.raises(StartupTimeoutError, match="RabbitMQ: "):
        await worker.run_to_its_end()


async def test_a_bug_that_ends_the_batches_ends_the_worker() -> None:
    worker = Worker()
    worker.batches.bug = KeyError("a bug")

    with pytest.raises(KeyError, match="a bug"):
        await worker.run_to_its_end()
    assert worker.said.count("open") == worker.said.count("close")


async def ask_again_and_again(switch: PauseSwitch) -> None:
    """As `PauseSwitch.run`, without waiting."""
    while True:
        await switch.ask()
        await asyncio.sleep(0.01)


@pytest.fixture
async def asking() -> AsyncIterator[Callable[[PauseSwitch], None]]:
    tasks: list[asyncio.Task[None]] = []
    yield lambda switch: tasks.append(asyncio.create_task(ask_again_and_again(switch)))
    for task in tasks:
        task.cancel()


async def test_a_paused_worker_settles_what_is_in_hand_and_consumes_again_after_it(
    asking: Callable[[PauseSwitch], None],
) -> None:
    worker = Worker()

    def pause_then_stop(number: int) -> None:
        if number == 1:
            worker.pauses = [PAUSE] * 5
            asking(worker.switch)
        else:
            worker.stop()

    worker.begun = pause_then_stop
    with capture_logs() as logs:
        await worker.run_to_its_end()

    in_hand = ["cancel", "drain", "batch finished", "copies finished", "close"]
    assert worker.said[:7] == ["open", *in_hand, "open"]
    assert worker.said[7:10] == ["cancel", "batch finished", "copies finished"]
    assert worker.observer.pauses == [PAUSE, PAUSE, None]
    said = [entry["event"] for entry in logs]
    assert said == ["consuming", "consuming nothing", "resuming", "consuming"]


async def test_what_takes_too_long_goes_back_to_the_queue_when_a_pause_begins(
    asking: Callable[[PauseSwitch], None],
) -> None:
    worker = Worker(durations=replace(DURATIONS, pause_drain=0.01))

    def pause_with_more_in_hand(number: int) -> None:
        if number == 1:
            worker.lives[0].unsettled = 3
            worker.pauses = [PAUSE] * 20
            asking(worker.switch)
        else:
            worker.stop()

    worker.begun = pause_with_more_in_hand
    await worker.run_to_its_end()

    assert worker.said[:6] == ["open", "cancel", "drain", *worker.said[3:5], "close"]
    assert worker.said[3:5] == ["batch finished", "copies finished"]


async def test_a_worker_that_starts_in_a_pause_does_not_count_it_as_a_failed_start(
    asking: Callable[[PauseSwitch], None],
) -> None:
    worker = Worker(startup_timeout=0.01)
    worker.pauses = [PAUSE] * 10
    worker.begun = lambda _: worker.stop()
    asking(worker.switch)

    await worker.run_to_its_end()

    assert worker.said[0] == "open"
    assert worker.observer.pauses == [PAUSE, None]


async def test_a_paused_worker_stops() -> None:
    worker = Worker()
    worker.pauses = [PAUSE] * 10
    running = asyncio.create_task(worker.run_to_its_end())
    await worker.observer.paused_once.wait()

    worker.stop()

    await running
    assert worker.said == ["batch finished", "copies finished"]


async def test_a_pause_ends_an_attempt_to_connect(
    asking: Callable[[PauseSwitch], None],
) -> None:
    worker = Worker()
    worker.hangs = True
    worker.pauses = [None, *[PAUSE] * 3]
    asking(worker.switch)
    running = asyncio.create_task(worker.run_to_its_end())
    await worker.observer.paused_once.wait()
    worker.hangs = False
    worker.begun = lambda _: worker.stop()

    await running

    assert worker.said[0] == "open"


async def test_another_pause_that_counts_now_is_told(
    asking: Callable[[PauseSwitch], None],
) -> None:
    worker, longer = Worker(), replace(PAUSE, id=2, reason="takes longer")
    worker.pauses = [*[PAUSE] * 5, *[longer] * 5]
    worker.begun = lambda _: worker.stop()
    asking(worker.switch)

    await worker.run_to_its_end()

    assert worker.observer.pauses == [PAUSE, longer, None]


async def test_a_worker_that_starts_in_a_pause_looks_at_the_schema_and_at_nothing_else() -> None:
    worker = Worker()
    worker.pauses, worker.problems = [PAUSE] * 5, ["a table is locked"]
    running = asyncio.create_task(worker.run_to_its_end())
    await worker.observer.paused_once.wait()
    worker.stop()
    await running

    wrong = Worker()
    wrong.pauses, wrong.wrong_schema = [PAUSE], LookupError("migrations are missing")
    with pytest.raises(LookupError):
        await wrong.run_to_its_end()

    assert worker.observer.waited_for == []
    assert wrong.observer.pauses == []
