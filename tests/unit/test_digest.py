from datetime import UTC, datetime
from decimal import Decimal

import pytest

from worker.application.commands import ChangePrice, Command, CreateCar, OfferFinancingPlan
from worker.application.digest import digest_of
from worker.domain.entities.car import PriceObservation
from worker.domain.entities.financing_plan import FinancingPlan
from worker.domain.value_objects.financing_terms import FinancingTerms

AT = datetime(2026, 1, 1, 3, 4, 5, tzinfo=UTC)
TERMS = FinancingTerms(
    Decimal("0.1499"), 12, Decimal("10000.00"), Decimal("1000.50"), Decimal("22006.00")
)
PLAN = FinancingPlan("p", "MX-1", TERMS, AT, "/s", "m-123")
PRICE = PriceObservation(Decimal("349999.00"), AT, "/s", "m-123")


@pytest.mark.parametrize(
    ("command", "digest"),
    [
        (CreateCar("MX-1", "ŠKODA", "León", 2020, PRICE), "5a58dfb39234678dbb162e511ccf8f0a"),
        (ChangePrice("MX-1", PRICE), "e1e8b2dedd9fa1b3e6761af7b6b9ec76"),
        (OfferFinancingPlan(PLAN), "3b10c59808231803aad57a0dc0da1f80"),
    ],
)
def test_a_digest_is_the_same_in_every_release(command: Command, digest: str) -> None:
    assert digest_of(command).hex() == digest


@pytest.mark.parametrize(
    "other",
    [
        ChangePrice("MX-2", PRICE),
        ChangePrice("MX-1", PriceObservation(Decimal("349999.01"), AT, "/s", "m-123")),
        ChangePrice("MX-1", PriceObservation(PRICE.amount, AT.replace(microsecond=1), "", "")),
        CreateCar("MX-1", "Nissan", "Versa", 2020, PRICE),
    ],
)
def test_commands_that_say_something_else_have_other_digests(other: Command) -> None:
    assert digest_of(other) != digest_of(ChangePrice("MX-1", PRICE))


def test_who_said_it_is_no_part_of_what_is_said() -> None:
    said_by_another = PriceObservation(PRICE.amount, AT, "/other", "m-9")

    assert digest_of(ChangePrice("MX-1", said_by_another)) == digest_of(ChangePrice("MX-1", PRICE))
