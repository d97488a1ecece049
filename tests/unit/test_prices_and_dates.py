from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.domain.errors import InvalidValueError, OccurredInFutureError
from worker.domain.value_objects.car_description import fold, parse_name, parse_year
from worker.domain.value_objects.entity_id import parse_entity_id
from worker.domain.value_objects.money import HIGHEST_PRICE, parse_price
from worker.domain.value_objects.occurrence import parse_occurred_at

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@given(st.decimals("0.01", HIGHEST_PRICE, places=2))
def test_every_price_of_the_contract_keeps_its_exact_value(price: Decimal) -> None:
    parsed = parse_price(f"{price:f}")

    assert parsed == price
    assert parsed.as_tuple().exponent == -2


@pytest.mark.parametrize(
    "text",
    [
        *("", " 1", "1 ", "+1", "-1", "0", "0.00", "1.234", "1.", ".5", "1e5", "1_000"),
        *("NaN", "Infinity", "12345678901", "12345678901.00", "１２３", "1,000", "0x10", "1\n"),
    ],
)
def test_what_is_no_plain_price_is_refused(text: str) -> None:
    with pytest.raises(InvalidValueError):
        parse_price(text)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-01T10:00:00Z", datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ("2026-03-01t10:00:00z", datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ("2026-03-01T10:00:00-06:00", datetime(2026, 3, 1, 16, tzinfo=UTC)),
        ("2026-03-01T10:00:00.5+00:00", datetime(2026, 3, 1, 10, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-03-01T10:00:00.123456Z", datetime(2026, 3, 1, 10, 0, 0, 123_456, tzinfo=UTC)),
        ("1900-01-01T00:00:00Z", datetime(1900, 1, 1, tzinfo=UTC)),
    ],
)
def test_rfc_3339_is_read_as_an_instant(text: str, instant: datetime) -> None:
    assert parse_occurred_at(text, NOW) == instant


@pytest.mark.parametrize(
    "text",
    [
        *("2026-03-01", "2026-03-01T10:00:00", "2026-W09-1T10:00:00Z", "20260301T100000Z"),
        *("2026-02-30T10:00:00Z", "2026-03-01T24:00:00Z", "2026-03-01T10:00:60Z"),
        *("2026-03-01T10:00:00.1234567Z", "2026-03-01T10:00:00+05:30:15", "2026-03-01 10:00:00Z"),
        *("0001-01-01T00:00:00+05:00", "1899-12-31T23:59:59Z", "２０２６-03-01T10:00:00Z", ""),
    ],
)
def test_what_is_no_instant_of_the_contract_is_refused(text: str) -> None:
    with pytest.raises(InvalidValueError):
        parse_occurred_at(text, NOW)


def test_five_minutes_ahead_of_our_clock_are_borne_and_no_more() -> None:
    edge = NOW + timedelta(minutes=5)

    assert parse_occurred_at(edge.isoformat(), NOW) == edge
    with pytest.raises(OccurredInFutureError):
        parse_occurred_at((edge + timedelta(microseconds=1)).isoformat(), NOW)


@pytest.mark.parametrize("text", ["MX-1", "a", "A.b_c:d-9", "x" * 64])
def test_ids_of_the_contract_are_taken(text: str) -> None:
    assert parse_entity_id(text) == text


@pytest.mark.parametrize("text", ["", "x" * 65, "a b", "é", "a/b", "a\n", "\x00"])
def test_other_ids_are_refused(text: str) -> None:
    with pytest.raises(InvalidValueError):
        parse_entity_id(text)


def test_names_are_trimmed_and_keep_their_accents() -> None:
    assert parse_name("  Mégane R.S. ") == "Mégane R.S."


@pytest.mark.parametrize("text", ["", "   ", "x" * 81, "a\x00b", "a\nb", "\ud800", "a\x7fb"])
def test_names_that_postgresql_or_people_cannot_bear_are_refused(text: str) -> None:
    with pytest.raises(InvalidValueError):
        parse_name(text)


@pytest.mark.parametrize("text", ["1886", "2026", "2027"])
def test_model_years_reach_from_the_first_car_to_next_year(text: str) -> None:
    assert parse_year(text, NOW) == int(text)


@pytest.mark.parametrize("text", ["1885", "2028", "2026.0", "2e3", "-2026", "02026", "١٩٩٩"])
def test_other_model_years_are_refused(text: str) -> None:
    with pytest.raises(InvalidValueError):
        parse_year(text, NOW)


def test_accented_makes_are_found_whatever_their_case_and_composition() -> None:
    assert fold("ŠKODA") == fold("škoda") == fold("S\u030ckoda")
