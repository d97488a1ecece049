"""What operators see of cars that messages wait for."""

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from subprocess import CompletedProcess

import pytest
from sqlalchemy import text

from tests.support.car_events import creation, price_change
from tests.support.catalog import read_cars, read_early
from tests.support.messages import message_of
from tests.support.units_of_work import unit_of_work
from worker.application.apply_batch import ApplyBatch
from worker.application.outcomes import Outcome
from worker.application.take_in_left_behind import TakeInLeftBehind
from worker.infra.clocks import utc_now
from worker.infra.db.awaited_check import check_awaited_cars
from worker.infra.db.awaited_watch import AwaitedWatch
from worker.infra.db.engine import Sessions
from worker.infra.db.repositories.awaited_cars import AwaitedCounts, PostgresAwaitedCars
from worker.infra.durations import Durations

Command = Callable[..., CompletedProcess[str]]

HOURS_AGO = text("UPDATE early_observations SET waits_since = waits_since - interval '2 hours'")
OLD_CREATION = text(
    """
    INSERT INTO cars (id, make, model, make_key, model_key, year, price_mxn, price_occurred_at,
        price_source, price_message_id)
    VALUES ('a', 'Nissan', 'Versa', 'nissan', 'versa', 2020, 180000, '2026-01-01T00:00Z',
        '/dealers', 'a-created')
    """
)
"""As a worker of the release before inserts it."""


@pytest.fixture
def apply(sessions: Sessions) -> ApplyBatch:
    return ApplyBatch(partial(unit_of_work, sessions))


async def test_awaited_cars_are_listed_with_what_waits_since_when_and_from_whom(
    apply: ApplyBatch, sessions: Sessions, inventory_worker: Command
) -> None:
    await apply([message_of(price_change("a"))])
    async with sessions.begin() as session:
        await session.execute(HOURS_AGO)
    await apply([message_of(price_change("b"))])

    done = inventory_worker("catalog", "awaiting", "--json")
    old = inventory_worker("catalog", "awaiting", "--older-than", "1h")

    first, second = json.loads(done.stdout)
    assert (first["car_id"], second["car_id"]) == ("a", "b")
    assert (first["waiting"], first["sources"]) == (["price"], ["/dealers"])
    assert first["creation_died_of"] is None
    assert "1 awaited cars" in old.stdout


async def test_a_message_that_waits_says_for_which_car_and_later_that_it_was_applied(
    apply: ApplyBatch, inventory_worker: Command
) -> None:
    early = price_change("a")
    await apply([message_of(early)])
    waiting = inventory_worker("message", early.message_id).stdout
    assert "early: waits for the creation of car a since 20" in waiting

    await apply([message_of(creation("a"))])

    assert "recorded: applied" in inventory_worker("message", early.message_id).stdout


async def test_a_message_whose_place_a_newer_one_took_says_so(
    apply: ApplyBatch, inventory_worker: Command
) -> None:
    early = price_change("a")
    newer = price_change("a", "160000.00", occurred_at="2026-03-01T00:00:00Z")
    await apply([message_of(early)])
    await apply([message_of(newer)])

    told = inventory_worker("message", early.message_id).stdout

    assert "early: a newer message about the same took its place" in told


async def test_a_forgotten_car_is_audited_and_its_messages_can_be_sent_again(
    apply: ApplyBatch, sessions: Sessions, inventory_worker: Command
) -> None:
    early = price_change("a")
    await apply([message_of(early), message_of(price_change("b"))])

    forgotten = inventory_worker("catalog", "forget", "a", "--by", "ana")
    again = inventory_worker("catalog", "forget", "a")

    assert (forgotten.returncode, again.returncode) == (0, 1)
    assert "nothing waits for car 'a'" in again.stderr
    assert [left.car_id for left in await read_early(sessions)] == ["b"]
    told = json.loads(inventory_worker("message", early.message_id, "--json").stdout)
    [audit] = told["audits"]
    assert (audit["command"], audit["started_by"], audit["status"]) == ("forget", "ana", "done")
    assert await apply([message_of(early)]) == [Outcome.EARLY]


async def test_an_old_awaited_car_is_a_warning_of_doctor(
    apply: ApplyBatch, sessions: Sessions
) -> None:
    await apply([message_of(price_change("a"))])
    assert (await check_awaited_cars(sessions, utc_now())).problem is None

    check = await check_awaited_cars(sessions, utc_now() + timedelta(hours=2))

    assert check.is_warning
    assert "1 cars are not created yet" in (check.problem or "")


async def test_what_a_worker_of_the_release_before_left_behind_is_taken_in(
    apply: ApplyBatch, sessions: Sessions
) -> None:
    await apply([message_of(price_change("a")), message_of(price_change("b"))])
    async with sessions.begin() as session:
        await session.execute(OLD_CREATION)
    counted: list[AwaitedCounts] = []
    take_in = TakeInLeftBehind(partial(unit_of_work, sessions))
    awaited = PostgresAwaitedCars(sessions)

    await AwaitedWatch(awaited, take_in, counted.append, Durations()).look()

    car = (await read_cars(sessions))["a"]
    assert str(car.price.amount) == "175000.00"
    assert car.listing.message_id == "a-created"
    assert [left.car_id for left in await read_early(sessions)] == ["b"]
    assert [counts.cars for counts in counted] == [1]
