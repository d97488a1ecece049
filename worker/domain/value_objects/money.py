"""Exact amounts in Mexican pesos: never rounded, never converted to a float."""

import re
from decimal import Decimal

from worker.domain.errors import InvalidValueError

HIGHEST_PRICE = Decimal("9999999999.99")
"""The maximum of `numeric(12,2)`."""

CENTAVO = Decimal("0.01")

_AMOUNT = f"a decimal from 0 to {HIGHEST_PRICE}, with at most 2 decimals"
_PRICE = f"a decimal greater than 0, at most {HIGHEST_PRICE}, with at most 2 decimals"
_PLAIN_DECIMAL = re.compile(r"[0-9]{1,10}(?:\.[0-9]{1,2})?", re.ASCII)


def parse_amount(text: str) -> Decimal:
    """Parses an amount in pesos, at least 0; the result always has two decimals.

    The text is checked first, because Decimal accepts `1e5`, `1_000`, surrounding spaces and
    digits of other scripts.
    """
    return _parse(text, _AMOUNT)


def parse_price(text: str) -> Decimal:
    """Parses a price in pesos like `parse_amount`, but greater than 0."""
    price = _parse(text, _PRICE)
    if not price:
        raise InvalidValueError(text, _PRICE)
    return price


def _parse(text: str, allowed: str) -> Decimal:
    if _PLAIN_DECIMAL.fullmatch(text) is None:
        raise InvalidValueError(text, allowed)
    return Decimal(text).quantize(CENTAVO)
