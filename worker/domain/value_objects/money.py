"""Mexican pesos, exact: a price is never rounded and never passes through a float."""

import re
from decimal import Decimal

from worker.domain.errors import InvalidValueError

HIGHEST_PRICE = Decimal("9999999999.99")
"""What `numeric(12,2)` holds."""

_ALLOWED = "a decimal greater than 0, at most 9999999999.99, with at most 2 decimals"
_CENTAVOS = Decimal("0.01")
_PLAIN_DECIMAL = re.compile(r"[0-9]{1,10}(?:\.[0-9]{1,2})?", re.ASCII)


def parse_price(text: str) -> Decimal:
    """Reads a price in pesos, always with two decimals in the result.

    The text is checked before it becomes a Decimal, which would accept `1e5`, `1_000`,
    surrounding spaces and digits of other scripts.
    """
    if _PLAIN_DECIMAL.fullmatch(text) is None:
        raise InvalidValueError(text, _ALLOWED)
    price = Decimal(text).quantize(_CENTAVOS)
    if not price:
        raise InvalidValueError(text, _ALLOWED)
    return price
