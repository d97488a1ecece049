"""A worker whose clock is wrong for real, by libfaketime (Debian's package `faketime`)."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from dev.servers import Servers
from dev.worker_process import WorkerProcess, wait_until
from tests.conftest import StartWorker
from tests.support.broker import DEAD_LETTERS, Broker
from tests.support.car_events import creation
from tests.support.catalog import read_cars
from tests.support.retries import SHORT
from worker.infra.db.engine import Sessions

pytestmark = pytest.mark.needs_tools


class WrongClock:
    """The clock of a worker process, a whole number of hours ahead of PostgreSQL's."""

    def __init__(self, file: Path) -> None:
        [library] = Path("/usr/lib").glob("*/faketime/libfaketime.so.1")
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
        """Sets it, like `-1h`, also while the worker runs."""
        new = self._file.with_suffix(".new")
        new.write_text(ahead)
        new.replace(self._file)


@pytest.fixture
def clock(tmp_path: Path) -> WrongClock:
    return WrongClock(tmp_path / "faketime")


async def test_a_clock_that_is_behind_from_the_start_kills_no_fresh_event(
    clock: WrongClock,
    start_worker: StartWorker,
    empty: Servers,
    broker: Broker,
    sessions: Sessions,
    tmp_path: Path,
) -> None:
    start_worker(**SHORT).terminate()  # has declared the queues
    fresh = datetime.now(UTC).isoformat()
    await broker.publish([creation(car_id, occurred_at=fresh) for car_id in "abc"])
    clock.set("-1h")
    urls = empty.database_url, empty.rabbitmq_url
    worker = WorkerProcess(*urls, tmp_path / "wrong.log", clock.variables)
    try:
        worker.start()
        wait_until(lambda: "behind PostgreSQL's" in worker.log, lambda: worker.log, 20)
        assert worker.status("/health/ready") == 503
        clock.set("+0")
        assert worker.wait_results(3) == {"applied": 3}
    finally:
        worker.end()
    assert (await read_cars(sessions)).keys() == {"a", "b", "c"}
    assert await broker.take_all(DEAD_LETTERS) == []


async def test_a_clock_that_is_set_back_while_the_worker_runs_kills_no_fresh_event(
    clock: WrongClock, start_worker: StartWorker, broker: Broker, sessions: Sessions
) -> None:
    worker = start_worker(**clock.variables)
    clock.set("-1h")
    fresh = datetime.now(UTC).isoformat()
    await broker.publish([creation(car_id, occurred_at=fresh) for car_id in "abc"])
    wait_until(lambda: worker.status("/health/ready") == 503, lambda: worker.log, 20)
    clock.set("+0")

    assert worker.wait_results(3) == {"applied": 3}
    assert (await read_cars(sessions)).keys() == {"a", "b", "c"}
    assert await broker.take_all(DEAD_LETTERS) == []
