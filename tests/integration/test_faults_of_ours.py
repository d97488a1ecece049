"""What fails every message is no fault of theirs: they wait, and the worker says why."""

import asyncio
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import text

from dev.servers import Servers
from dev.worker_process import PATIENCE_SECONDS, WorkerProcess, wait_until
from tests.conftest import StartWorker
from tests.support.broker import DEAD_LETTERS, MAIN, Broker
from tests.support.car_events import creation, price_change
from tests.support.catalog import read_cars
from tests.support.hooked_worker import HOOKED
from tests.support.retries import PATIENT, SHORT, moves
from worker.infra.db.engine import Sessions
from worker.infra.durations import DEFAULT_DURATIONS
from worker.infra.messaging.consuming.breaker import HANDFUL

CARS = [f"car-{i}" for i in range(20)]
COLUMN = "ALTER TABLE cars ADD COLUMN x int NOT NULL", "ALTER TABLE cars DROP COLUMN IF EXISTS x"
CHECK = (
    "ALTER TABLE cars ADD CONSTRAINT ck_all CHECK (make = 'nobody') NOT VALID",
    "ALTER TABLE cars DROP CONSTRAINT IF EXISTS ck_all",
)
RECORDS = (
    "ALTER TABLE processed_messages ADD CONSTRAINT ck_all CHECK (type = 'none') NOT VALID",
    "ALTER TABLE processed_messages DROP CONSTRAINT IF EXISTS ck_all",
)
UNIQUE = (
    "ALTER TABLE cars ADD CONSTRAINT uq_test UNIQUE (make, model, year)",
    "ALTER TABLE cars DROP CONSTRAINT IF EXISTS uq_test",
)


async def execute(sessions: Sessions, statement: str) -> None:
    async with sessions.begin() as session:
        await session.execute(text(statement))


@pytest.fixture
async def mended(sessions: Sessions) -> AsyncIterator[None]:
    yield
    for _, mend in (COLUMN, CHECK, RECORDS, UNIQUE):
        await execute(sessions, mend)


@pytest.fixture
def bug(tmp_path: Path) -> Path:
    return tmp_path / "bug"


@pytest.fixture
def start_unready(empty: Servers, tmp_path: Path) -> Iterator[StartWorker]:
    """Starts a worker that may never be ready, because its queue is already full of trouble."""
    with ExitStack() as started:

        def start(*command: str, **variables: str) -> WorkerProcess:
            urls, log = (empty.database_url, empty.rabbitmq_url), tmp_path / "unready.log"
            worker = WorkerProcess(*urls, log, variables, command or HOOKED)
            started.callback(worker.end)
            return worker.start()

        yield start


def cause(bug: Path, step: str = "handling") -> None:
    bug.write_text(step)


def mend(bug: Path) -> None:
    bug.unlink()


def wait_holding(worker: WorkerProcess) -> str:
    """Waits until the worker says that it holds messages; returns the reason."""
    waits = "held", "accepts no transactions"
    wait_until(lambda: any(why in problems(worker) for why in waits), lambda: worker.log, 20)
    return problems(worker)


def problems(worker: WorkerProcess) -> str:
    """Why the worker is not ready; empty if it is, or does not answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{worker.port}/health/ready", timeout=5):
            return ""
    except urllib.error.HTTPError as unready:
        with unready:
            return str(json.load(unready)["problems"])
    except OSError:
        return ""


@pytest.mark.usefixtures("mended")
async def test_the_first_message_already_waits_for_a_column_that_nobody_fills(
    start_worker: StartWorker, broker: Broker, sessions: Sessions
) -> None:
    worker = start_worker(**SHORT)
    await execute(sessions, COLUMN[0])

    await broker.publish([creation("a")])
    reason = wait_holding(worker)
    await execute(sessions, COLUMN[1])

    assert worker.wait_results(1) == {"applied": 1}
    assert 'null value in column "x" of relation "cars"' in reason
    assert worker.log.count("message failed") == 0


@pytest.mark.usefixtures("mended")
@pytest.mark.parametrize("constraint", [CHECK, RECORDS], ids=["cars", "processed_messages"])
async def test_a_constraint_that_refuses_everything_is_waited_for(
    constraint: tuple[str, str],
    start_worker: StartWorker,
    start_unready: StartWorker,
    broker: Broker,
    sessions: Sessions,
) -> None:
    start_worker(**SHORT).terminate()  # has declared the queues
    await execute(sessions, constraint[0])
    await broker.publish([creation(car) for car in CARS])
    worker = start_unready(**SHORT)

    reason = wait_holding(worker)
    await execute(sessions, constraint[1])

    assert worker.wait_results(len(CARS)) == {"applied": len(CARS)}
    assert 'violates check constraint "ck_all"' in reason
    # RabbitMQ may send the first few alone, and fewer than a handful prove nothing.
    assert worker.log.count("message failed") < HANDFUL
    wait_until(lambda: worker.status("/health/ready") == 200, lambda: worker.log)


@pytest.mark.usefixtures("mended")
async def test_a_constraint_that_refuses_one_message_after_the_other_kills_none(
    start_worker: StartWorker, broker: Broker, sessions: Sessions
) -> None:
    worker = start_worker(WORKER_BATCH_SIZE="1", **PATIENT)
    await execute(sessions, CHECK[0])
    await broker.publish([creation(car) for car in CARS])

    wait_holding(worker)
    await execute(sessions, CHECK[1])

    assert worker.wait_results(len(CARS)) == {"applied": len(CARS)}
    assert (await read_cars(sessions)).keys() == set(CARS)


@pytest.mark.usefixtures("mended")
async def test_a_unique_constraint_that_two_cars_violate_costs_one_of_them(
    start_worker: StartWorker, broker: Broker, sessions: Sessions
) -> None:
    worker = start_worker(**SHORT)
    await execute(sessions, UNIQUE[0])

    await broker.publish([creation("a"), creation("b"), creation("c", year=2021)])

    assert worker.wait_results(3) == {"applied": 2, "unexpected-error": 1}
    assert "uq_test" in worker.log


@pytest.mark.parametrize("step", ["handling", "decoding"])
async def test_a_bug_that_fails_every_message_is_shouted_and_kills_none(
    step: str, bug: Path, start_worker: StartWorker, broker: Broker
) -> None:
    worker = start_worker(*HOOKED, BUG=str(bug), WORKER_BATCH_SIZE="10", **PATIENT)
    await broker.publish([creation(car) for car in CARS[:10]])
    worker.wait_results(10)
    cause(bug, step)
    await broker.publish([price_change(car) for car in CARS[:10]])

    reason = wait_holding(worker)
    assert worker.value("inventory_worker_holding") == 1
    mend(bug)

    assert worker.wait_results(20) == {"applied": 20}
    assert re.search(rf"ZeroDivisionError at hooked_worker.py:\d+ while {step} it", reason)
    [shout] = [line for line in worker.log.splitlines() if "most messages fail" in line]
    assert "[error" in shout
    assert "worker/" in shout.partition("place=")[2]
    assert "secret" not in worker.log
    assert moves(worker).count("dead-letters") == 0
    wait_until(lambda: worker.status("/health/ready") == 200, lambda: worker.log)
    assert worker.value("inventory_worker_holding") == 0


async def test_a_few_bad_messages_do_not_stop_the_others(
    start_worker: StartWorker, start_unready: StartWorker, broker: Broker, sessions: Sessions
) -> None:
    start_worker(**SHORT).terminate()  # has declared the queues
    await broker.publish([price_change("bad", f"{price}.00") for price in range(101, 109)])
    worker = start_unready(*HOOKED, RAISES_AT="bad", **SHORT)
    wait_holding(worker)

    for car in CARS:
        await broker.publish([creation(car)])

    assert worker.wait_results(28) == {"applied": 20, "unexpected-error": 8}
    wait_until(lambda: worker.status("/health/ready") == 200, lambda: worker.log)
    assert (await read_cars(sessions)).keys() == set(CARS)


async def test_a_flood_of_publishers_errors_is_held_by_nobody(
    start_worker: StartWorker, broker: Broker
) -> None:
    worker = start_worker(**SHORT)

    await broker.publish([creation(car, year="?") for car in CARS])

    assert worker.wait_results(20) == {"invalid-event": 20}
    assert worker.status("/health/ready") == 200
    assert "most messages fail" not in worker.log


async def test_messages_are_given_back_before_the_broker_would_take_them(
    bug: Path, start_worker: StartWorker, broker: Broker, sessions: Sessions
) -> None:
    cause(bug)
    worker = start_worker(*HOOKED, BUG=str(bug), HOLD_SECONDS="0.3", **PATIENT)
    await broker.publish([creation(car) for car in CARS])
    wait_until(lambda: worker.log.count("subscription lost") >= 3, lambda: worker.log)

    mend(bug)

    assert worker.wait_results(20) == {"applied": 20}
    assert (await read_cars(sessions)).keys() == set(CARS)
    assert await broker.take_all(DEAD_LETTERS) == []


async def test_a_held_message_is_recorded_as_dead_only_once_it_is_no_longer_held(
    start_worker: StartWorker, start_unready: StartWorker, broker: Broker, sessions: Sessions
) -> None:
    start_worker(**SHORT).terminate()  # has declared the queues
    await broker.publish([price_change("bad", f"{price}.00") for price in range(101, 109)])
    worker = start_unready(*HOOKED, RAISES_AT="bad", WORKER_RETRY_DELAYS="none")
    wait_holding(worker)
    before = await count_dead(sessions)
    await broker.publish([price_change("bad", f"{price}.00") for price in range(201, 209)])
    wait_until(lambda: worker.in_flight() == 16 - before, lambda: worker.log)

    # RabbitMQ may send the first few alone, and fewer than a handful prove nothing.
    assert before < HANDFUL
    assert await count_dead(sessions) == before

    for car in CARS:
        await broker.publish([creation(car)])

    assert worker.wait_results(36) == {"applied": 20, "unexpected-error": 16}
    assert await count_dead(sessions) == 16


async def count_dead(sessions: Sessions) -> int:
    async with sessions() as session:
        return int((await session.execute(text("SELECT count(*) FROM dead_letters"))).scalar_one())


async def test_sigterm_ends_a_hold_at_once(
    bug: Path, start_worker: StartWorker, start_unready: StartWorker, broker: Broker
) -> None:
    start_worker(**SHORT).terminate()  # has declared the queues
    cause(bug)
    await broker.publish([creation(car) for car in CARS])
    worker = start_unready(*HOOKED, BUG=str(bug), **SHORT)
    wait_holding(worker)

    asked = time.monotonic()
    assert worker.terminate() == 0

    assert time.monotonic() - asked < DEFAULT_DURATIONS.hold / 2
    async with asyncio.timeout(PATIENCE_SECONDS):  # RabbitMQ counts them a little later
        while await broker.count(MAIN) < len(CARS):
            pass
