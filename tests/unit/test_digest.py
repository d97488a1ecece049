import runpy
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, make_dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from typing import Any, ClassVar, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.derived import Pools, instances
from tests.support.entities import TERMS as ANY_TERMS
from worker.application import commands, digest
from worker.application.commands import (
    ChangePrice,
    Command,
    CreateCar,
    OfferFinancingPlan,
    WithdrawCar,
)
from worker.application.digest import digest_of, shape_of
from worker.domain.entities.car import PriceObservation
from worker.domain.entities.financing_plan import FinancingPlan
from worker.domain.record import record
from worker.domain.value_objects.financing_terms import FinancingTerms
from worker.domain.value_objects.withdrawal_reason import WithdrawalReason

AT = datetime(2026, 1, 1, 3, 4, 5, tzinfo=UTC)
TERMS = FinancingTerms(
    Decimal("0.1499"), 12, Decimal("10000.00"), Decimal("1000.50"), Decimal("22006.00")
)
PLAN = FinancingPlan("p", "MX-1", TERMS, AT, "/s", "m-123")
PRICE = PriceObservation(Decimal("349999.00"), AT, "/s", "m-123")
CAR = CreateCar("MX-1", "ŠKODA", "León", 2020, PRICE)
RECORDED = {
    CAR: "5a58dfb39234678dbb162e511ccf8f0a",
    ChangePrice("MX-1", PRICE): "e1e8b2dedd9fa1b3e6761af7b6b9ec76",
    WithdrawCar(
        "MX-1", WithdrawalReason.SOLD, AT, "/s", "m-123"
    ): "5eb390fef93f4eef4c694efa2e86934b",
    OfferFinancingPlan(PLAN): "3b10c59808231803aad57a0dc0da1f80",
}

FEW: Pools = {
    str: st.sampled_from(["a", "b"]),
    int: st.sampled_from([1, 2]),
    Decimal: st.sampled_from([Decimal("1.00"), Decimal("2.00")]),
    datetime: st.sampled_from([AT, AT.replace(microsecond=1)]),
    FinancingTerms: st.sampled_from([TERMS, replace(TERMS, annual_rate=Decimal(0))]) | ANY_TERMS,
}


class Fuel(StrEnum):
    PETROL = "petrol"
    ELECTRIC = "electric"


class Gearbox(Enum):
    MANUAL = "manual"


@record
class Warranty:
    months: int


@record
class CreateCarOfALaterRelease(CreateCar):
    digest_fields: ClassVar[tuple[str, ...]] = (
        *("mileage_km", "fuel", "is_demo", "inspected_on"),
        *CreateCar.digest_fields,
    )

    mileage_km: int | None = None
    fuel: Fuel | None = None
    is_demo: bool | None = None
    inspected_on: date | None = None


LATER = CreateCarOfALaterRelease("MX-1", "ŠKODA", "León", 2020, PRICE)


def command_of(type_: object) -> type:
    return make_dataclass(
        "Noted",
        [("field", type_)],
        namespace={"digest_name": "noted", "digest_fields": ("field",)},
    )


@pytest.mark.parametrize(("command", "recorded"), RECORDED.items())
def test_a_digest_is_the_same_in_every_release(command: Command, recorded: str) -> None:
    assert digest_of(command).hex() == recorded


def test_the_digest_of_every_command_is_held() -> None:
    assert {type(command) for command in RECORDED} == set(get_args(Command))


def test_a_digest_recorded_before_a_field_was_added_matches_where_it_is_not_set() -> None:
    assert digest_of(LATER).hex() == RECORDED[CAR]


def test_an_added_field_counts_where_it_is_set() -> None:
    said = [
        LATER,
        replace(LATER, mileage_km=0),
        replace(LATER, mileage_km=1),
        replace(LATER, fuel=Fuel.PETROL),
        replace(LATER, fuel=Fuel.ELECTRIC),
        replace(LATER, is_demo=False),
        replace(LATER, is_demo=True),
        replace(LATER, inspected_on=AT.date()),
        replace(LATER, mileage_km=0, is_demo=False),
    ]

    assert len({digest_of(command) for command in said}) == len(said)
    assert digest_of(said[-1]).hex() == "7702b55b76b19b63512cfe9b788a0451"


@pytest.mark.parametrize("kind", get_args(Command))
@given(data=st.data())
def test_digests_are_equal_where_commands_say_the_same(kind: type, data: st.DataObject) -> None:
    some, other = data.draw(instances(kind, FEW)), data.draw(instances(kind, FEW))

    assert (digest_of(some) == digest_of(other)) == (list(_said(some)) == list(_said(other)))


def test_another_command_with_the_same_values_has_another_digest() -> None:
    @record
    class CorrectPrice(ChangePrice):
        digest_name: ClassVar = "correct-price"

    assert digest_of(CorrectPrice("MX-1", PRICE)) != digest_of(ChangePrice("MX-1", PRICE))


@pytest.mark.parametrize(
    ("type_", "values"),
    [
        (str, ["a", "ab", ""]),
        (int, [1, 12]),
        (bool, [True, False]),
        (Decimal, [Decimal("1.0"), Decimal("1E+3")]),
        (date, [AT.date(), date(2026, 2, 1)]),
        (datetime, [AT, AT.replace(microsecond=1)]),
        (Fuel, list(Fuel)),
        (Gearbox, list(Gearbox)),
        (Gearbox | None, [None, Gearbox.MANUAL]),
        (str | None, [None, "", "a"]),
    ],
)
def test_a_field_may_be_of_any_of_these_types(type_: object, values: list[Any]) -> None:
    kind = command_of(type_)

    assert len({digest_of(kind(value)) for value in values}) == len(values)


@pytest.mark.parametrize(
    "type_",
    [
        float,
        object,
        list[str],
        IntEnum("Number", "ONE"),
        Warranty | None,
        int | str,
        int | str | None,
    ],
)
def test_a_command_with_a_field_of_another_type_cannot_be_imported(
    type_: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "Command", Command | command_of(type_))

    with pytest.raises(TypeError, match=r"Noted\.field is a "):
        runpy.run_path(digest.__file__)


@pytest.mark.parametrize("listed", [(), ("price.amount",), ("field", "field"), ("field", "more")])
def test_fields_that_are_not_all_listed_are_refused(listed: tuple[str, ...]) -> None:
    kind = command_of(str)
    kind.digest_fields = listed  # type: ignore[attr-defined] # made at run time

    with pytest.raises(TypeError, match="digest_fields of Noted differ from its fields"):
        shape_of(kind)


def _said(value: object) -> Iterator[object]:
    if is_dataclass(value):
        for field in fields(value):
            if field.name not in {"source", "message_id"}:
                yield from _said(getattr(value, field.name))
    else:
        yield value
