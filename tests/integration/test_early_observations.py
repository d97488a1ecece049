"""What waits for cars in PostgreSQL, and two workers that must not miss each other."""

import asyncio
import random
from collections.abc import Coroutine
from functools import partial

import pytest
from sqlalchemy import delete, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from dev.servers import Servers
from tests.support.car_events import creation, price_change
from tests.support.catalog import read_cars, read_early, read_plans
from tests.support.histories import (
    ORDERS,
    Event,
    fold,
    fold_plans,
    random_history,
    with_duplicates,
)
from tests.support.messages import message_of
from tests.support.units_of_work import unit_of_work
from worker.application.apply_batch import ApplyBatch
from worker.application.outcomes import Failure, Outcome, Result
from worker.infra.db.engine import BY_INDEX, Sessions, create_engine, create_sessions
from worker.infra.db.models import CarModel, ProcessedMessageModel
from worker.infra.db.repositories.early_observations import EarlyHint

ROUNDS = 1_000
WORKERS = 3
LONGEST_START_SECONDS = 0.004
ENOUGH_TO_KEEP_A_PLAN = 7
"""After five executions of a statement PostgreSQL may keep its plan."""


class Worker:
    """What a worker process does to the database; it remembers that nothing waits."""

    def __init__(self, sessions: Sessions) -> None:
        self.hint = EarlyHint()
        self.hint.may_exist = False
        self._apply = ApplyBatch(partial(unit_of_work, sessions, self.hint))

    async def apply(self, *events: Event) -> list[Result]:
        return await self._apply([message_of(event) for event in events])


@pytest.fixture
async def workers(sessions: Sessions) -> tuple[Worker, Worker]:
    return Worker(sessions), Worker(sessions)


async def test_the_creation_takes_in_what_another_worker_let_wait(
    workers: tuple[Worker, Worker], sessions: Sessions
) -> None:
    ours, theirs = workers
    assert await theirs.apply(price_change("a"), price_change("b")) == [Outcome.EARLY] * 2
    assert not ours.hint.may_exist

    assert await ours.apply(creation("a"), creation("c")) == [Outcome.APPLIED] * 2

    cars = await read_cars(sessions)
    assert str(cars["a"].price.amount) == "175000.00"
    assert [early.car_id for early in await read_early(sessions)] == ["b"]


async def test_the_record_of_an_early_message_tells_what_became_of_it(
    workers: tuple[Worker, Worker], sessions: Sessions
) -> None:
    ours, theirs = workers
    older = price_change("b", occurred_at="2025-01-01T00:00:00Z")
    await theirs.apply(price_change("a"), older, price_change("c"))

    await ours.apply(creation("a"), creation("b"))

    assert await _outcomes(sessions) == {
        "a-created": "applied",
        "b-created": "applied",
        "a-priced-175000.00": "applied",
        "b-priced-175000.00": "stale",
        "c-priced-175000.00": "early",
    }


async def test_whoever_knows_that_nothing_waits_does_not_ask_again(
    workers: tuple[Worker, Worker],
) -> None:
    ours, _ = workers
    ours.hint.may_exist = True

    await ours.apply(creation("a"))

    assert not ours.hint.may_exist


async def test_a_price_waits_where_the_creation_in_its_batch_creates_nothing(
    workers: tuple[Worker, Worker], sessions: Sessions
) -> None:
    ours, _ = workers
    await ours.apply(creation("a"))
    async with sessions.begin() as session:
        await session.execute(delete(CarModel))

    assert await ours.apply(creation("a"), price_change("a")) == [Outcome.DUPLICATE, Outcome.EARLY]


async def test_creations_look_up_what_waits_although_nothing_did_when_they_were_planned(
    empty: Servers,
) -> None:
    """A table that was analyzed while it was empty looks cheap to go through."""
    database = create_engine(lambda: empty.database_url, pool_size=1, session_settings=BY_INDEX)
    worker = Worker(create_sessions(database))
    async with database.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        await connection.execute(text("VACUUM ANALYZE early_observations"))
    for batch in range(ENOUGH_TO_KEEP_A_PLAN):
        await worker.apply(*(creation(f"car-{batch}-{number}") for number in range(20)))
    await worker.apply(*(price_change(f"awaited-{number}") for number in range(500)))
    before = await _entries_read(database)

    await worker.apply(*(creation(f"other-{number}") for number in range(20)))

    assert await _entries_read(database) - before < 500
    await database.dispose()


async def test_a_price_and_its_creation_at_the_same_moment_never_miss_each_other(
    workers: tuple[Worker, Worker], sessions: Sessions
) -> None:
    """Whichever comes first, the price is the newest one, and waits no longer."""
    ours, theirs = workers
    seen: set[Result] = set()
    for number in range(ROUNDS):
        creating = _soon(ours.apply(creation(f"car-{number}")))
        pricing = _soon(theirs.apply(price_change(f"car-{number}")))
        for results in await asyncio.gather(creating, pricing):
            seen |= {*results}

    cars = await read_cars(sessions)
    assert len(cars) == ROUNDS
    assert {str(car.price.amount) for car in cars.values()} == {"175000.00"}
    assert await read_early(sessions) == []
    assert seen == {Outcome.APPLIED, Outcome.EARLY}


@pytest.mark.parametrize("order", ORDERS)
async def test_three_workers_end_in_the_fold_whatever_the_order(
    order: str, sessions: Sessions
) -> None:
    rng = random.Random(order)
    history = random_history(rng, cars=60, events=1_500, prefix="", plans=0.2, withdrawals=0.1)
    sent = sorted(with_duplicates(rng, history), key=ORDERS[order])
    parts = [sent[start::WORKERS] for start in range(WORKERS)]
    results = await asyncio.gather(*(_work(Worker(sessions), rng, part) for part in parts))

    assert not [result for each in results for result in each if isinstance(result, Failure)]
    assert await read_cars(sessions) == fold(history)
    assert await read_plans(sessions) == fold_plans(history)
    assert await read_early(sessions) == []


async def _work(worker: Worker, rng: random.Random, sent: list[Event]) -> list[Result]:
    results: list[Result] = []
    while sent:
        size = rng.choice((1, 7, 60))
        batch, sent = sent[:size], sent[size:]
        results += await worker.apply(*batch)
    return results


async def _outcomes(sessions: Sessions) -> dict[str, str]:
    async with sessions() as session:
        query = select(ProcessedMessageModel.message_id, ProcessedMessageModel.outcome)
        return {row.message_id: row.outcome for row in await session.execute(query)}


async def _soon(work: Coroutine[None, None, list[Result]]) -> list[Result]:
    """A creation needs fewer statements to its gate, so it must not always start first."""
    await asyncio.sleep(random.uniform(0, LONGEST_START_SECONDS))
    return await work


async def _entries_read(database: AsyncEngine) -> int:
    """How many entries of their index scans of what waits went through so far."""
    async with database.connect() as connection:
        await connection.execute(text("SELECT pg_stat_force_next_flush()"))
        await connection.commit()
        read = "SELECT idx_tup_read FROM pg_stat_user_indexes WHERE indexrelname = :index"
        index = {"index": "pk_early_observations"}
        return int((await connection.execute(text(read), index)).scalar_one())
