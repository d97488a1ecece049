"""The terms of a financing plan: amounts in pesos, the annual rate as a fraction."""

import re
from decimal import Decimal

from worker.domain.errors import InvalidValueError
from worker.domain.record import record

LONGEST_TERM_MONTHS = 120
HIGHEST_RATE = Decimal("9.9999")
"""The maximum of `numeric(5,4)`: 999.99 % a year."""

_TEN_THOUSANDTH = Decimal("0.0001")
_RATE = re.compile(r"[0-9](?:\.[0-9]{1,4})?", re.ASCII)
_TERM = re.compile(r"[1-9][0-9]{0,2}", re.ASCII)


def parse_annual_rate(text: str) -> Decimal:
    """Parses a rate such as `0.1499`, 14.99 % a year; the result always has four decimals."""
    if _RATE.fullmatch(text) is None:
        raise InvalidValueError(
            text, f"a decimal from 0 to {HIGHEST_RATE}, with at most 4 decimals"
        )
    return Decimal(text).quantize(_TEN_THOUSANDTH)


def parse_term_months(text: str) -> int:
    """Parses the number of monthly payments from its digits."""
    if _TERM.fullmatch(text) is None or int(text) > LONGEST_TERM_MONTHS:
        raise InvalidValueError(text, f"an integer from 1 to {LONGEST_TERM_MONTHS}")
    return int(text)


@record
class FinancingTerms:
    """A down payment and equal monthly payments, which add up exactly to the total.

    Payments are greater than 0, so the down payment is less than the total.

    Raises:
        InvalidValueError: they do not add up to the total.
    """

    annual_rate: Decimal
    term_months: int
    down_payment: Decimal
    monthly_payment: Decimal
    total_paid: Decimal

    def __post_init__(self) -> None:
        due = self.down_payment + self.term_months * self.monthly_payment
        if self.total_paid != due:
            payments = f"{self.term_months} monthly payments of {self.monthly_payment}"
            raise InvalidValueError(
                f"{self.total_paid}", f"{due}: {self.down_payment} down and {payments}"
            )
