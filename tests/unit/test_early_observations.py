from functools import partial

import pytest

from tests.support.car_events import creation, price_change
from tests.support.histories import CREATED, OFFERED, WITHDRAWN, Event
from tests.support.messages import message_of
from worker.application.apply_batch import ApplyBatch
from worker.application.outcomes import Failure, Outcome
from worker.domain.error_code import ErrorCode
from worker.domain.value_objects.withdrawal_reason import WithdrawalReason
from worker.infra.memory.unit_of_work import InMemoryUnitOfWork, MemoryStore

FEBRUARY, MARCH, APRIL = (f"2026-0{month}-01T00:00:00Z" for month in (2, 3, 4))


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


async def apply(store: MemoryStore, *events: Event) -> list[Outcome | ErrorCode]:
    messages = [message_of(event) for event in events]
    results = await ApplyBatch(partial(InMemoryUnitOfWork, store))(messages)
    return [result.code if isinstance(result, Failure) else result for result in results]


def withdrawal(car_id: str, occurred_at: str = MARCH, reason: str = "sold") -> Event:
    data = {"car_id": car_id, "reason": reason, "occurred_at": occurred_at}
    return Event(WITHDRAWN, "/dealers", f"{car_id}-withdrawn-{occurred_at}", data)


def offer(car_id: str, plan_id: str = "p", occurred_at: str = MARCH) -> Event:
    terms = {
        "annual_rate": "0.1499",
        "term_months": 12,
        "down_payment_mxn": "10000.00",
        "monthly_payment_mxn": "1000.50",
        "total_paid_mxn": "22006.00",
    }
    data = {"plan_id": plan_id, "car_id": car_id, "occurred_at": occurred_at}
    return Event(OFFERED, "/dealers", f"{plan_id}-{car_id}-{occurred_at}", data | terms)


async def test_what_comes_before_its_car_is_early_and_recorded(store: MemoryStore) -> None:
    early = price_change("a"), offer("a"), withdrawal("a")

    assert await apply(store, *early) == [Outcome.EARLY] * 3
    assert len(store.processed) == 3
    assert not store.cars


async def test_the_creation_takes_in_all_that_waits_for_its_car(store: MemoryStore) -> None:
    await apply(store, price_change("a"), offer("a"), withdrawal("a"), price_change("b"))

    assert await apply(store, creation("a")) == [Outcome.APPLIED]

    car = store.cars["a"]
    assert str(car.price.amount) == "175000.00"
    assert car.listing.withdrawn_because is WithdrawalReason.SOLD
    assert store.financing_plans["p"].car_id == "a"
    assert [early.car_id for early in store.early.values()] == ["b"]


async def test_what_waits_is_beaten_by_a_newer_creation(store: MemoryStore) -> None:
    await apply(store, price_change("a"), withdrawal("a"))

    await apply(store, creation("a", occurred_at=APRIL))

    assert str(store.cars["a"].price.amount) == "180000.00"
    assert store.cars["a"].listing.withdrawn_because is None
    assert not store.early


async def test_an_early_message_sent_again_is_a_duplicate(store: MemoryStore) -> None:
    await apply(store, price_change("a"))

    assert await apply(store, price_change("a")) == [Outcome.DUPLICATE]


async def test_an_early_message_seen_again_without_its_id_is_unchanged(store: MemoryStore) -> None:
    await apply(store, price_change("a"))
    store.processed.clear()

    assert await apply(store, price_change("a")) == [Outcome.UNCHANGED]


async def test_of_two_early_prices_only_the_newest_is_kept(store: MemoryStore) -> None:
    newer = price_change("a", "170000.00", occurred_at=MARCH)

    assert await apply(store, newer) == [Outcome.EARLY]
    assert await apply(store, price_change("a")) == [Outcome.STALE]
    newest = price_change("a", "160000.00", occurred_at=APRIL)
    assert await apply(store, newest) == [Outcome.EARLY]

    [early] = store.early.values()
    assert early.said.message_id == newest.message_id


async def test_an_early_plan_of_another_car_waits_beside_the_plan(store: MemoryStore) -> None:
    await apply(store, creation("a"), offer("a"), offer("b", occurred_at=APRIL))
    assert store.financing_plans["p"].car_id == "a"

    await apply(store, creation("b"))

    assert store.financing_plans["p"].car_id == "b"


async def test_a_refused_creation_takes_nothing_in(store: MemoryStore) -> None:
    await apply(store, creation("b"), price_change("a"))
    reused = Event(CREATED, "/dealers", "b-created", creation("a").data)

    assert await apply(store, reused) == [ErrorCode.MESSAGE_ID_REUSED]
    assert len(store.early) == 1


async def test_a_withdrawn_car_keeps_its_price_up_to_date(store: MemoryStore) -> None:
    await apply(store, creation("a"), withdrawal("a"))

    assert await apply(store, price_change("a")) == [Outcome.APPLIED]
    assert store.cars["a"].listing.withdrawn_because is WithdrawalReason.SOLD


async def test_a_newer_creation_lists_a_withdrawn_car_again(store: MemoryStore) -> None:
    dearer = price_change("a", "190000.00", occurred_at="2026-05-01T00:00:00Z")
    await apply(store, creation("a"), withdrawal("a"), dearer)
    again = Event(CREATED, "/dealers", "again", creation("a", occurred_at=APRIL).data)

    assert await apply(store, again) == [Outcome.APPLIED]
    assert store.cars["a"].listing.withdrawn_because is None
    assert str(store.cars["a"].price.amount) == "190000.00"


async def test_an_older_withdrawal_is_stale(store: MemoryStore) -> None:
    await apply(store, creation("a", occurred_at=APRIL))

    assert await apply(store, withdrawal("a")) == [Outcome.STALE]


@pytest.mark.parametrize(
    ("before", "outcome"),
    [
        ([], Outcome.UNCHANGED),
        ([price_change("a")], Outcome.STALE),
        ([withdrawal("a")], Outcome.STALE),
    ],
    ids=["neither is newer", "price is newer", "withdrawal is newer"],
)
async def test_a_creation_seen_again_changes_nothing(
    store: MemoryStore, before: list[Event], outcome: Outcome
) -> None:
    await apply(store, creation("a"), *before)
    store.processed.clear()

    assert await apply(store, creation("a")) == [outcome]
