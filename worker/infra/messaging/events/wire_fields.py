"""The field types of events: each parses a JSON value by the rules of the contract."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import PlainValidator, ValidationInfo

from worker.domain.errors import InvalidValueError
from worker.domain.value_objects.car_description import parse_name, parse_year
from worker.domain.value_objects.entity_id import parse_entity_id
from worker.domain.value_objects.financing_terms import parse_annual_rate, parse_term_months
from worker.domain.value_objects.money import parse_amount, parse_price
from worker.domain.value_objects.occurrence import parse_occurred_at
from worker.domain.value_objects.withdrawal_reason import (
    WithdrawalReason,
    parse_withdrawal_reason,
)
from worker.infra.messaging.events.json_text import JsonNumber


def text(value: object) -> str:
    """A JSON string."""
    if not isinstance(value, str):
        raise InvalidValueError(value, "a string")
    return value


def number(value: object) -> str:
    """The digits of a JSON number."""
    if not isinstance(value, JsonNumber):
        raise InvalidValueError(value, "a JSON number")
    return value.text


def text_or_number(value: object) -> str:
    """A decimal, written as a string or as a number."""
    return value.text if isinstance(value, JsonNumber) else text(value)


def _read_id(value: object) -> str:
    return parse_entity_id(text(value))


def _read_name(value: object) -> str:
    return parse_name(text(value))


def _read_year(value: object, info: ValidationInfo[datetime]) -> int:
    return parse_year(number(value), info.context)


def _read_price(value: object) -> Decimal:
    return parse_price(text_or_number(value))


def _read_amount(value: object) -> Decimal:
    return parse_amount(text_or_number(value))


def _read_annual_rate(value: object) -> Decimal:
    return parse_annual_rate(text(value))


def _read_term_months(value: object) -> int:
    return parse_term_months(number(value))


def _read_withdrawal_reason(value: object) -> WithdrawalReason:
    return parse_withdrawal_reason(text(value))


def _read_instant(value: object, info: ValidationInfo[datetime]) -> datetime:
    return parse_occurred_at(text(value), info.context)


Id = Annotated[str, PlainValidator(_read_id)]
Name = Annotated[str, PlainValidator(_read_name)]
Year = Annotated[int, PlainValidator(_read_year)]
Price = Annotated[Decimal, PlainValidator(_read_price)]
Amount = Annotated[Decimal, PlainValidator(_read_amount)]
AnnualRate = Annotated[Decimal, PlainValidator(_read_annual_rate)]
TermMonths = Annotated[int, PlainValidator(_read_term_months)]
Reason = Annotated[WithdrawalReason, PlainValidator(_read_withdrawal_reason)]
Instant = Annotated[datetime, PlainValidator(_read_instant)]
