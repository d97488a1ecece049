"""What a consumer does while operators pause it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from tests.support.consumers import DURATIONS, Worker
from worker.infra.fleet import Pause
from worker.infra.messaging.consuming.pause_switch import PauseSwitch

PAUSE = Pause(1, "maintenance", "ana", datetime(2026, 1, 1, tzinfo=UTC), None, None, None)


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
    assert worker.observer.pauses == [PAUSE, None]
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


async def test_a_pause_that_ends_while_work_in_hand_is_settled_is_told_to_have_ended(
    asking: Callable[[PauseSwitch], None],
) -> None:
    worker = Worker(durations=replace(DURATIONS, pause_drain=0.05))

    def pause_briefly(number: int) -> None:
        if number == 1:
            worker.lives[0].unsettled = 3
            worker.pauses = [PAUSE]
            asking(worker.switch)
        else:
            worker.stop()

    worker.begun = pause_briefly
    await worker.run_to_its_end()

    assert worker.observer.pauses == [PAUSE, None]


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
