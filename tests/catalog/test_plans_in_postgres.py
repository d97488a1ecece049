"""Financing plans in the transactions of the worker, on a real PostgreSQL."""

import asyncio
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.contract.catalogs import car, in_postgres, plan
from tests.support.catalog import read_cars
from tests.support.histories import (
    CREATED,
    Event,
    fold,
    fold_plans,
    random_history,
    with_duplicates,
)
from tests.support.messages import message_of
from tests.support.units_of_work import unit_of_work
from worker.application.apply_batch import ApplyBatch
from worker.application.commands import CommandMessage
from worker.application.outcomes import Failure
from worker.domain.entities.financing_plan import FinancingPlan
from worker.domain.ports.unit_of_work import StatementRefusedError
from worker.infra.db.engine import Sessions
from worker.infra.db.repositories.financing_plan_rows import FINANCING_PLAN_ROWS

WORKERS = 4


async def read_plans(sessions: Sessions) -> dict[str, FinancingPlan]:
    async with sessions() as session:
        rows = await session.execute(select(*FINANCING_PLAN_ROWS.columns))
        return {plan.id: plan for plan in map(FINANCING_PLAN_ROWS.to_entity, rows)}


@pytest.mark.parametrize("seed", range(4))
async def test_workers_that_share_cars_and_plans_end_in_the_fold(
    seed: int, sessions: Sessions
) -> None:
    rng = random.Random(seed)
    history = random_history(rng, cars=6, events=300, prefix=f"w{seed}-", plans=0.5)
    messages = [message_of(event) for event in with_duplicates(rng, history)]
    parts = [messages[start::WORKERS] for start in range(WORKERS)]

    await asyncio.gather(*(_work(sessions, part, rng.choice([1, 5, 40])) for part in parts))

    assert await read_cars(sessions) == fold(history)
    assert await read_plans(sessions) == fold_plans(history)


async def test_a_batch_takes_the_same_few_statements_however_many_plans_it_has(
    engine: AsyncEngine, sessions: Sessions
) -> None:
    rng = random.Random(1)
    apply = ApplyBatch(partial(unit_of_work, sessions))
    without = _creations_first(random_history(rng, cars=20, events=100, prefix="a-"))
    with_plans = _creations_first(random_history(rng, cars=20, events=100, prefix="b-", plans=0.5))
    await apply([message_of(event) for event in without[:50]])
    await apply([message_of(event) for event in with_plans[:50]])

    with _statements(engine) as of_batch_without:
        await apply([message_of(event) for event in without[50:]])
    with _statements(engine) as of_batch_with:
        await apply([message_of(event) for event in with_plans[50:]])

    assert not any("financing_plans" in statement for statement in of_batch_without)
    assert len(of_batch_without) == 3
    assert len(of_batch_with) == 3 + 3


def _creations_first(history: Sequence[Event]) -> list[Event]:
    """So that no event is early, which takes statements of its own."""
    return sorted(history, key=lambda item: item.type != CREATED)


async def test_the_database_itself_refuses_a_plan_without_its_car(sessions: Sessions) -> None:
    with pytest.raises(StatementRefusedError, match="foreign key"):
        await in_postgres(sessions, [car("a")], [plan("p", "b")])


@pytest.mark.parametrize(
    "change",
    [
        "total_paid_mxn = total_paid_mxn + 0.01",
        "down_payment_mxn = total_paid_mxn, monthly_payment_mxn = 0",
        "down_payment_mxn = -0.01, total_paid_mxn = 12005.99",
        "annual_rate = -0.0001",
        "term_months = 0, total_paid_mxn = down_payment_mxn",
        "term_months = 121, total_paid_mxn = down_payment_mxn + 121 * monthly_payment_mxn",
    ],
)
async def test_the_database_itself_refuses_terms_outside_the_contract(
    change: str, sessions: Sessions
) -> None:
    await in_postgres(sessions, [car("a")], [plan("p", "a")])

    with pytest.raises(IntegrityError, match="check"):
        async with sessions.begin() as session:
            await session.execute(text(f"UPDATE financing_plans SET {change}"))


async def _work(sessions: Sessions, waiting: list[CommandMessage], batch_size: int) -> None:
    """Handles its share batch by batch; what comes too early goes to the end of the line."""
    apply = ApplyBatch(partial(unit_of_work, sessions))
    while waiting:
        batch, waiting = waiting[:batch_size], waiting[batch_size:]
        results = await apply(batch)
        decided = zip(batch, results, strict=True)
        waiting += [message for message, result in decided if isinstance(result, Failure)]


@contextmanager
def _statements(engine: AsyncEngine) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)
