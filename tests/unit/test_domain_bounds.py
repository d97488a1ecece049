"""The last value that is taken, and the first that is not."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from worker.domain.entities.car import Car, ListingObservation, PriceObservation
from worker.domain.errors import InvalidValueError, describe
from worker.domain.value_objects.car_description import parse_name
from worker.domain.value_objects.financing_terms import (
    FinancingTerms,
    parse_annual_rate,
    parse_term_months,
)
from worker.domain.value_objects.money import parse_amount, parse_price
from worker.domain.value_objects.occurrence import parse_occurred_at

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
EARLIER, LATER = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize("text", ["0", "0.01", "9999999999.99"])
def test_amounts_from_nothing_to_what_the_column_holds_are_taken(text: str) -> None:
    amount = parse_amount(text)

    assert (amount, amount.as_tuple().exponent) == (Decimal(text), -2)


@pytest.mark.parametrize("text", ["-0.01", "10000000000", "0.001"])
def test_other_amounts_are_refused(text: str) -> None:
    with pytest.raises(InvalidValueError, match=r"from 0 to 9999999999\.99"):
        parse_amount(text)


def test_the_smallest_price_is_a_centavo() -> None:
    assert parse_price("0.01") == Decimal("0.01")
    with pytest.raises(InvalidValueError, match=r"greater than 0, at most 9999999999\.99"):
        parse_price("0.00")


@pytest.mark.parametrize("text", ["0", "9.9999", "0.1"])
def test_rates_from_0_to_9_9999_are_taken_with_four_decimals(text: str) -> None:
    rate = parse_annual_rate(text)

    assert (rate, rate.as_tuple().exponent) == (Decimal(text), -4)


@pytest.mark.parametrize("text", ["10", "0.00001", "-1", ""])
def test_other_rates_are_refused(text: str) -> None:
    with pytest.raises(InvalidValueError, match=r"from 0 to 9\.9999"):
        parse_annual_rate(text)


@pytest.mark.parametrize("text", ["1", "120"])
def test_terms_of_1_to_120_months_are_taken(text: str) -> None:
    assert parse_term_months(text) == int(text)


@pytest.mark.parametrize("text", ["0", "121", "012", "1.0", ""])
def test_other_terms_are_refused(text: str) -> None:
    with pytest.raises(InvalidValueError, match="an integer from 1 to 120"):
        parse_term_months(text)


def test_a_down_payment_and_all_monthly_payments_are_the_total() -> None:
    amounts = Decimal(10), Decimal(5)

    assert FinancingTerms(Decimal(0), 3, *amounts, Decimal(25)).total_paid == 25
    with pytest.raises(InvalidValueError, match="allowed is 25: 10 down and 3 monthly"):
        FinancingTerms(Decimal(0), 3, *amounts, Decimal("25.01"))


@pytest.mark.parametrize(
    "text", ["x", "x" * 80, " " * 9 + "x" * 80, "a\u00a0b", "a\u200bb", "日産"]
)
def test_names_of_1_to_80_characters_are_taken_trimmed(text: str) -> None:
    assert parse_name(text) == text.strip()


@pytest.mark.parametrize("text", ["x" * 81, "日" * 81, "a\u00a0\x85b", "\udcff日"])
def test_other_names_are_refused(text: str) -> None:
    with pytest.raises(InvalidValueError, match="1 to 80 characters after trimming"):
        parse_name(text)


def test_the_first_instant_of_1900_is_taken_and_the_one_before_is_not() -> None:
    earliest = parse_occurred_at("1900-01-01T00:00:00Z", NOW)

    assert earliest == datetime(1900, 1, 1, tzinfo=UTC)
    for before in ("1899-12-31T23:59:59.999999Z", "1900-01-01T00:00:00+00:01"):
        with pytest.raises(InvalidValueError, match="from the year 1900"):
            parse_occurred_at(before, NOW)


def test_an_instant_is_told_in_utc() -> None:
    assert parse_occurred_at("2026-01-01T00:00:00-06:00", NOW).isoformat() == (
        "2026-01-01T06:00:00+00:00"
    )


@pytest.mark.parametrize(
    ("found", "described"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        ({}, "an object"),
        ([1], "an array"),
        (1, "1"),
        ("é\n", r"'\xe9\n'"),
        ("x" * 78, f"'{'x' * 78}'"),
        ("x" * 79, f"'{'x' * 79}… (81 characters)"),
    ],
)
def test_what_was_found_is_told_in_print_and_in_at_most_80_characters(
    found: object, described: str
) -> None:
    assert describe(found) == described


def observed(at: datetime, source: str = "/s", message_id: str = "m") -> PriceObservation:
    return PriceObservation(Decimal(1), at, source, message_id)


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        (observed(LATER, "/a", "a"), observed(EARLIER, "/z", "z")),
        (observed(LATER, "/t", "a"), observed(LATER, "/s", "z")),
        (observed(LATER, "/s", "n"), observed(LATER, "/s", "m")),
    ],
)
def test_observations_are_ordered_by_time_then_source_then_id(
    newer: PriceObservation, older: PriceObservation
) -> None:
    assert newer.is_newer_than(older)
    assert not older.is_newer_than(newer)
    assert not newer.is_same_as(older)


def test_an_observation_is_the_same_as_itself_and_not_newer() -> None:
    assert observed(LATER).is_same_as(observed(LATER))
    assert not observed(LATER).is_newer_than(observed(LATER))


def test_a_car_is_described_by_make_model_and_year() -> None:
    car = Car(
        "a",
        "Nissan",
        "Versa",
        2020,
        observed(LATER),
        ListingObservation.by_creation(observed(LATER)),
    )

    assert car.is_described_as("Nissan", "Versa", 2020)
    for other in (("SEAT", "Versa", 2020), ("Nissan", "March", 2020), ("Nissan", "Versa", 2021)):
        assert not car.is_described_as(*other)
