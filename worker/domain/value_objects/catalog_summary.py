from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

_CENTAVOS = Decimal("0.01")


class Grouping(StrEnum):
    """What makes one group of cars."""

    ALL = "all"
    MAKE = "make"
    MODEL = "model"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class PriceSummary:
    """Prices of some cars, in pesos, exact.

    The median of an even count is the mean of the two middle prices; means are rounded
    half up to two decimals.
    """

    count: int
    lowest: Decimal
    median: Decimal
    mean: Decimal
    highest: Decimal


@dataclass(frozen=True, slots=True)
class CatalogGroup:
    """The prices of one group; only what the grouping asks for tells which.

    Where spellings of a make differ in case alone, the first by code point names the group.
    """

    prices: PriceSummary
    make: str | None = None
    model: str | None = None
    year: int | None = None


def summarize_prices(prices: Iterable[Decimal]) -> PriceSummary:
    """Summarizes at least one price."""
    ordered = sorted(prices)
    return PriceSummary(
        count=len(ordered),
        lowest=ordered[0],
        median=_mean(ordered[(len(ordered) - 1) // 2 : len(ordered) // 2 + 1]),
        mean=_mean(ordered),
        highest=ordered[-1],
    )


def _mean(prices: Sequence[Decimal]) -> Decimal:
    return (sum(prices, Decimal(0)) / len(prices)).quantize(_CENTAVOS, ROUND_HALF_UP)
