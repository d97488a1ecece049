import asyncio
import time
from itertools import pairwise

import pytest
from structlog.testing import capture_logs

from tests.support.consumers import Worker
from worker.infra.durations import Durations
from worker.infra.messaging.consuming.consumer import StartupTimeoutError


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
    worker = Worker(startup_timeout=0.25)
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


async def stop_while_it_opens(worker: Worker) -> None:
    worker.hangs = True
    running = asyncio.create_task(worker.run_to_its_end())
    await worker.is_opening.wait()
    worker.stop()
    await running


async def test_a_stop_that_an_error_of_the_broker_overtakes_ends_the_worker() -> None:
    """aiormq may answer a cancellation with the error that it was about to raise."""
    worker = Worker()
    worker.is_refused_when_cancelled = True

    await stop_while_it_opens(worker)

    assert worker.lives == []


async def test_a_subscription_that_opens_in_spite_of_a_stop_is_closed() -> None:
    """`asyncio.wait_for` of Python 3.11, by which aiormq waits, may miss a cancellation."""
    worker = Worker()
    worker.opens_when_cancelled = True

    await stop_while_it_opens(worker)

    assert worker.said[:2] == ["open", "cancel"]
    assert "close" in worker.said


async def test_a_broker_that_refuses_connections_is_a_problem_that_is_told() -> None:
    worker = Worker(startup_timeout=0.000_001)
    worker.is_refused = True

    with pytest.raises(StartupTimeoutError, match="RabbitMQ: "):
        await worker.run_to_its_end()


@pytest.mark.parametrize("bug", [KeyError("a bug"), TimeoutError("a bug")])
async def test_a_bug_that_ends_the_batches_ends_the_worker(bug: Exception) -> None:
    worker = Worker()
    worker.batches.bug = bug

    with pytest.raises(type(bug), match="a bug"):
        await worker.run_to_its_end()
    assert worker.said.count("open") == worker.said.count("close")


async def test_a_worker_that_aiormq_cancels_subscribes_again() -> None:
    """It gives CancelledError to whoever waits on a connection that closes."""
    worker = Worker()
    worker.is_cancelled_by_aiormq = True
    worker.begun = lambda _: worker.stop()

    with capture_logs() as logs:
        await worker.run_to_its_end()

    assert [log["event"] for log in logs] == ["subscribing again", "consuming"]
    assert worker.said[0] == "open"
