import re
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from tests.conftest import StartWorker
from tests.support.broker import DEAD_LETTERS, Broker
from tests.support.car_events import creation, price_change
from tests.support.catalog import read_cars, read_early
from tests.support.histories import fold
from tests.support.hooked_worker import HOOKED
from tests.support.retries import SHORT, moves, wait_failed
from worker.infra.db.engine import Sessions

LADDER = ["retry.100ms", "retry.200ms", "retry.400ms", "dead-letters"]


async def execute(sessions: Sessions, statement: str) -> None:
    async with sessions.begin() as session:
        await session.execute(text(statement))


@pytest.fixture
async def refusing_one_car(sessions: Sessions) -> AsyncIterator[None]:
    """A database that refuses the car `refused`, as it would a value that nobody foresaw."""
    await execute(sessions, "ALTER TABLE cars ADD CONSTRAINT ck_test CHECK (id <> 'refused')")
    yield
    await execute(sessions, "ALTER TABLE cars DROP CONSTRAINT ck_test")


async def test_a_bug_that_hits_one_car_costs_its_message_alone(
    start_worker: StartWorker, broker: Broker, sessions: Sessions
) -> None:
    worker = start_worker(*HOOKED, RAISES_AT="b", **SHORT)

    await broker.publish([creation(car_id) for car_id in ("a", "b", "c")])

    assert worker.wait_results(3) == {"applied": 2, "unexpected-error": 1}
    [dead] = await broker.take_all(DEAD_LETTERS)
    assert dead.message_id == "b-created"
    assert str(dead.headers["x-error-detail"]).startswith("ZeroDivisionError at hooked_worker.py:")
    assert dead.headers["x-attempts"] == 4
    assert moves(worker) == LADDER
    assert "secret" not in worker.log
    assert (await read_cars(sessions)).keys() == {"a", "c"}


async def test_a_bug_is_logged_once_with_its_place_however_many_messages_meet_it(
    start_worker: StartWorker, broker: Broker
) -> None:
    worker = start_worker(*HOOKED, RAISES_AT="b", **SHORT)

    for price in range(170_001, 170_051):
        await broker.publish([creation(f"a-{price}"), price_change("b", f"{price}.25")])
        await broker.publish([creation(f"c-{price}")])

    assert worker.wait_results(150) == {"applied": 100, "unexpected-error": 50}
    assert worker.log.count("message failed") == 200
    [bug] = [line for line in worker.log.splitlines() if "a bug in the worker" in line]
    _, place, last = re.split(r"reason='| > ", bug)
    assert re.fullmatch(r"worker/application/decide\.py:\d+", place)
    assert re.fullmatch(r"ZeroDivisionError at hooked_worker\.py:\d+'", last)
    assert ".25" not in bug
    assert "secret" not in worker.log


async def test_a_bug_that_is_mended_in_time_loses_nothing(
    start_worker: StartWorker, broker: Broker, sessions: Sessions
) -> None:
    broken = start_worker(*HOOKED, RAISES_AT="b", WORKER_RETRY_DELAYS="5s")
    await broker.publish([creation("b")])
    wait_failed(broken)
    broken.end_in_good_order()

    mended = start_worker(WORKER_RETRY_DELAYS="5s")

    assert mended.wait_results(1) == {"applied": 1}
    assert (await read_cars(sessions)).keys() == {"b"}


@pytest.mark.usefixtures("refusing_one_car")
async def test_a_message_that_the_database_refuses_costs_only_itself(
    start_worker: StartWorker, broker: Broker, sessions: Sessions
) -> None:
    start_worker(**SHORT).terminate()  # has declared the queues
    cars = [f"car-{i}" for i in range(200)]
    prices, creations = map(price_change, cars), map(creation, cars)
    history = [*prices, creation("refused"), price_change("refused"), *creations]
    await broker.publish(history)

    worker = start_worker(**SHORT)

    results = worker.wait_results(402)
    assert results["unexpected-error"] == 1
    assert results["applied"] + results["early"] == 401, "two creations are in the second batch"
    dead = {letter.message_id: letter for letter in await broker.take_all(DEAD_LETTERS)}
    assert "23514" in str(dead["refused-created"].headers["x-error-detail"])
    assert await read_cars(sessions) == fold(e for e in history if e.data["car_id"] != "refused")
    assert [early.car_id for early in await read_early(sessions)] == ["refused"]
    assert worker.log.count("consuming") == 1
    [bug] = [line for line in worker.log.splitlines() if "a bug in the worker" in line]
    assert "worker/infra/db/repositories/entity_store.py:" in bug
    assert "ck_test" not in bug
