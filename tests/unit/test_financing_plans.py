from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.histories import CREATED, OFFERED, Event
from tests.support.messages import message_of
from worker.application.apply_batch import ApplyBatch
from worker.application.commands import CommandMessage
from worker.application.outcomes import Failure, Outcome
from worker.domain.error_code import ErrorCode
from worker.infra.memory.unit_of_work import InMemoryUnitOfWork, MemoryStore
from worker.infra.messaging.events.invalid_message import InvalidMessageError

AT = "2026-01-01T00:00:00+00:00"
CAR = Event(
    CREATED,
    "/s",
    "c",
    {
        "car_id": "a",
        "make": "Nissan",
        "model": "Versa",
        "year": 2020,
        "price_mxn": "200000.00",
        "occurred_at": AT,
    },
)
PLAN: dict[str, Any] = {
    "plan_id": "p",
    "car_id": "a",
    "annual_rate": "0.1499",
    "term_months": 12,
    "down_payment_mxn": "10000.00",
    "monthly_payment_mxn": "1000.50",
    "total_paid_mxn": "22006.00",
    "occurred_at": AT,
}


def offered(message_id: str = "f", **changes: object) -> CommandMessage:
    return message_of(Event(OFFERED, "/s", message_id, PLAN | changes))


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


async def apply(store: MemoryStore, *batch: CommandMessage) -> list[Outcome | ErrorCode]:
    results = await ApplyBatch(partial(InMemoryUnitOfWork, store))(batch)
    return [result.code if isinstance(result, Failure) else result for result in results]


async def test_a_plan_offered_for_a_car_is_in_the_catalog(store: MemoryStore) -> None:
    assert await apply(store, message_of(CAR), offered()) == [Outcome.APPLIED, Outcome.APPLIED]

    plan = store.financing_plans["p"]
    assert (plan.car_id, str(plan.terms.annual_rate), plan.terms.term_months) == ("a", "0.1499", 12)


async def test_a_plan_that_overtook_the_creation_of_its_car_needs_no_retry(
    store: MemoryStore,
) -> None:
    assert await apply(store, offered(), message_of(CAR)) == [Outcome.APPLIED, Outcome.APPLIED]


async def test_the_newest_offer_of_a_plan_stands_whole(store: MemoryStore) -> None:
    other = message_of(Event(CREATED, "/s", "c2", CAR.data | {"car_id": "b"}))
    newer = offered("f2", car_id="b", occurred_at="2026-01-02T00:00:00Z", annual_rate="0")

    assert await apply(store, message_of(CAR), other, newer, offered()) == [
        *[Outcome.APPLIED] * 3,
        Outcome.STALE,
    ]
    assert store.financing_plans["p"].car_id == "b"


async def test_of_two_offers_at_one_instant_the_greater_id_stands(store: MemoryStore) -> None:
    dearer = {"monthly_payment_mxn": "2000", "total_paid_mxn": "34000"}

    assert await apply(store, message_of(CAR), offered("g", **dearer), offered("f")) == [
        Outcome.APPLIED,
        Outcome.APPLIED,
        Outcome.STALE,
    ]


async def test_an_offer_seen_again_changes_nothing(store: MemoryStore) -> None:
    await apply(store, message_of(CAR), offered())

    assert await apply(store, offered()) == [Outcome.DUPLICATE]
    store.processed.clear()
    assert await apply(store, offered()) == [Outcome.UNCHANGED]


async def test_an_id_reused_for_another_offer_is_refused(store: MemoryStore) -> None:
    await apply(store, message_of(CAR), offered())

    assert await apply(store, offered(annual_rate="0.15")) == [ErrorCode.MESSAGE_ID_REUSED]


@given(
    months=st.integers(1, 120),
    down=st.decimals(0, 10**6, places=2),
    monthly=st.decimals("0.01", 10**6, places=2),
)
def test_terms_that_add_up_exactly_are_taken(months: int, down: Any, monthly: Any) -> None:
    total = down + months * monthly
    amounts = {"down_payment_mxn": f"{down}", "monthly_payment_mxn": f"{monthly}"}
    message = offered(term_months=months, total_paid_mxn=f"{total}", **amounts)

    assert message.command.car_id == "a"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"total_paid_mxn": "22006.01"}, "total_paid_mxn"),
        ({"total_paid_mxn": "10000.00"}, "total_paid_mxn"),
        ({"total_paid_mxn": "9999999999.99"}, "total_paid_mxn"),
        ({"monthly_payment_mxn": "0.00", "total_paid_mxn": "10000.00"}, "monthly_payment_mxn"),
        ({"down_payment_mxn": "-1.00", "total_paid_mxn": "12005.00"}, "down_payment_mxn"),
        ({"down_payment_mxn": "10000.001"}, "down_payment_mxn"),
        ({"annual_rate": "10"}, "annual_rate"),
        ({"annual_rate": "0.14999"}, "annual_rate"),
        ({"annual_rate": "-0.1"}, "annual_rate"),
        ({"annual_rate": "1e-1"}, "annual_rate"),
        ({"annual_rate": ".5"}, "annual_rate"),
        ({"annual_rate": "14.99%"}, "annual_rate"),
        ({"annual_rate": 0.1499}, "annual_rate"),
        ({"annual_rate": None}, "annual_rate"),
        ({"term_months": 0, "total_paid_mxn": "10000.00"}, "term_months"),
        ({"term_months": 121}, "term_months"),
        ({"term_months": "12"}, "term_months"),
        ({"term_months": 12.0}, "term_months"),
        ({"term_months": True}, "term_months"),
        ({"plan_id": ""}, "plan_id"),
        ({"plan_id": "x" * 65}, "plan_id"),
        ({"plan_id": "a plan"}, "plan_id"),
    ],
)
def test_terms_outside_the_contract_are_refused_by_field(
    changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidMessageError) as refused:
        offered(**changes)

    assert refused.value.failure.code is ErrorCode.INVALID_EVENT
    assert refused.value.failure.detail.startswith(f"{field}: ")


def test_a_total_that_does_not_add_up_is_told_what_would() -> None:
    with pytest.raises(InvalidMessageError) as refused:
        offered(total_paid_mxn="22006.01")

    assert refused.value.failure.detail == (
        "total_paid_mxn: found '22006.01', "
        "allowed is 22006.00: 10000.00 down and 12 monthly payments of 1000.50"
    )


def test_every_wrong_term_is_named_at_once() -> None:
    with pytest.raises(InvalidMessageError) as refused:
        offered(annual_rate="x", term_months=0, total_paid_mxn="0")

    named = [part.partition(":")[0] for part in refused.value.failure.detail.split("; ")]
    assert named == ["annual_rate", "term_months", "total_paid_mxn"]
