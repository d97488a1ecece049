"""Mexican pesos, exact: an amount is never rounded and never passes through a float."""

import re
from decimal import Decimal

from worker.domain.errors import InvalidValueError

HIGHEST_PRICE = Decimal("9999999999.99")
"""What `numeric(12,2)` holds."""

CENTAVO = Decimal("0.01")

_AMOUNT = f"a decimal from 0 to {HIGHEST_PRICE}, with at most 2 decimals"
_PRICE = f"a decimal greater than 0, at most {HIGHEST_PRICE}, with at most 2 decimals"
_PLAIN_DECIMAL = re.compile(r"[0-9]{1,10}(?:\.[0-9]{1,2})?", re.ASCII)


def parse_amount(text: str) -> Decimal:
    """Reads an amount in pesos, 0 included, always with two decimals in the result.

    The text is checked before it becomes a Decimal, which would accept `1e5`, `1_000`,
    surrounding spaces and digits of other scripts.
    """
    return _parse(text, _AMOUNT)


def parse_price(text: str) -> Decimal:
    """Reads a price in pesos, as `parse_amount` does: nothing is for free."""
    price = _parse(text, _PRICE)
    if not price:
        raise InvalidValueError(text, _PRICE)
    return price


def _parse(text: str, allowed: str) -> Decimal:
    if _PLAIN_DECIMAL.fullmatch(text) is None:
        raise InvalidValueError(text, allowed)
    return Decimal(text).quantize(CENTAVO)
