"""A worker whose clock is wrong for real, by libfaketime (Debian's package `faketime`)."""

import json
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dev.servers import Servers
from dev.worker_process import WorkerProcess, wait_until
from tests.conftest import StartWorker
from tests.support.broker import DEAD_LETTERS, MAIN, Broker
from tests.support.car_events import creation
from tests.support.catalog import read_cars
from tests.support.histories import Event
from tests.support.retries import SHORT
from worker.infra.db.engine import Sessions

pytestmark = pytest.mark.needs_tools


class WrongClock:
    """The clock of a process; the monotonic clock stays as it is."""

    def __init__(self, file: Path, library: Path) -> None:
        self._file = file
        self.set("+0")
        self.variables = {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            **SHORT,
        }

    def set(self, ahead: str) -> None:
        """Sets it ahead of PostgreSQL's by `+1h`, or behind by `-1h`, also while the process runs.

        The file is replaced, so that the process never reads half of it.
        """
        new = self._file.with_suffix(".new")
        new.write_text(ahead)
        new.replace(self._file)


@pytest.fixture
def clock(tmp_path: Path) -> WrongClock:
    library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
    if library is None:
        pytest.skip("faketime is not installed")
    return WrongClock(tmp_path / "faketime", library)


@pytest.fixture
def wrong_worker(clock: WrongClock, empty: Servers, tmp_path: Path) -> Iterator[WorkerProcess]:
    """A worker with this clock, not started yet."""
    urls = empty.database_url, empty.rabbitmq_url
    worker = WorkerProcess(*urls, tmp_path / "wrong.log", clock.variables)
    yield worker
    worker.end()


def creations(ahead: timedelta = timedelta(0)) -> list[Event]:
    """Events that happen now, or will."""
    at = (datetime.now(UTC) + ahead).isoformat()
    return [creation(car_id, occurred_at=at) for car_id in "abc"]


@pytest.mark.parametrize("ahead", ["-1h", "+1h"])
async def test_a_worker_that_starts_with_a_wrong_clock_handles_nothing_until_it_is_right(
    ahead: str,
    clock: WrongClock,
    wrong_worker: WorkerProcess,
    start_worker: StartWorker,
    broker: Broker,
    sessions: Sessions,
) -> None:
    start_worker(**SHORT).terminate()  # has declared the queues
    await broker.publish(creations())
    clock.set(ahead)
    wrong_worker.start()
    wait_until(lambda: "have both follow NTP" in wrong_worker.log, lambda: wrong_worker.log, 20)
    assert wrong_worker.status("/health/ready") == 503
    assert abs(wrong_worker.value("inventory_worker_clock_skew_seconds")) == pytest.approx(
        3600, abs=5
    )
    assert await broker.count(MAIN) == 3

    clock.set("+0")

    assert wrong_worker.wait_results(3) == {"applied": 3}
    assert (await read_cars(sessions)).keys() == {"a", "b", "c"}
    assert await broker.take_all(DEAD_LETTERS) == []


async def test_a_clock_that_is_set_back_while_the_worker_runs_kills_no_fresh_event(
    clock: WrongClock, start_worker: StartWorker, broker: Broker, sessions: Sessions
) -> None:
    worker = start_worker(**clock.variables)
    clock.set("-1h")
    await broker.publish(creations())
    wait_until(lambda: worker.status("/health/ready") == 503, lambda: worker.log, 20)
    clock.set("+0")

    assert worker.wait_results(3) == {"applied": 3}
    assert (await read_cars(sessions)).keys() == {"a", "b", "c"}
    assert await broker.take_all(DEAD_LETTERS) == []


async def test_a_clock_that_is_set_ahead_while_the_worker_runs_lets_no_future_event_in(
    clock: WrongClock, start_worker: StartWorker, broker: Broker, sessions: Sessions
) -> None:
    worker = start_worker(**clock.variables)
    clock.set("+1h")
    await broker.publish(creations(timedelta(minutes=50)))
    wait_until(lambda: worker.status("/health/ready") == 503, lambda: worker.log, 20)
    clock.set("+0")

    assert worker.wait_results(3) == {"occurred-in-future": 3}
    assert await read_cars(sessions) == {}


async def test_an_idle_worker_is_not_ready_while_the_clocks_differ(
    clock: WrongClock, start_worker: StartWorker
) -> None:
    worker = start_worker(**clock.variables)

    clock.set("-1h")
    wait_until(lambda: worker.status("/health/ready") == 503, lambda: worker.log, 20)
    assert "the clocks differ" in worker.log

    clock.set("-20s")
    wait_until(lambda: worker.status("/health/ready") == 200, lambda: worker.log, 20)
    assert worker.terminate() == 0


@pytest.mark.parametrize(
    ("ahead", "verdict"), [("-1h", "WRONG"), ("+1h", "WRONG"), ("-45s", "warning"), ("+9s", "ok")]
)
def test_doctor_compares_the_clocks(
    ahead: str,
    verdict: str,
    clock: WrongClock,
    inventory_worker: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    clock.set(ahead)

    done = inventory_worker("doctor", "--json", **clock.variables)

    [line] = [line for line in json.loads(done.stdout) if line["check"] == "clock"]
    assert line["verdict"] == verdict
