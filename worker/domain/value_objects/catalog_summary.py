from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from enum import StrEnum
from typing import Self

from worker.domain.value_objects.car_description import fold
from worker.domain.value_objects.money import CENTAVO

_EXACT = Context(prec=100)  # the default of 28 digits could round twice if there are many cars


class Grouping(StrEnum):
    """The fields by which cars are grouped."""

    ALL = "all"
    MAKE = "make"
    MODEL = "model"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class PriceSummary:
    """Exact prices of a group of cars, in pesos.

    The median of an even count is the mean of the two middle prices; means are rounded
    half up to two decimals.
    """

    count: int
    lowest: Decimal
    median: Decimal
    mean: Decimal
    highest: Decimal

    @classmethod
    def of(
        cls,
        *,
        count: int,
        total: Decimal,
        lowest: Decimal,
        lower_middle: Decimal,
        upper_middle: Decimal,
        highest: Decimal,
    ) -> Self:
        """Builds the summary from figures that every store can compute without rounding."""
        median = _mean(lower_middle + upper_middle, 2)
        return cls(count, lowest, median, _mean(total, count), highest)


@dataclass(frozen=True, slots=True)
class CatalogGroup:
    """The prices of one group; only the fields of the grouping are set.

    If spellings differ only in case, the first by code point names the group.
    """

    prices: PriceSummary
    make: str | None = None
    model: str | None = None
    year: int | None = None

    @property
    def id(self) -> str:
        """A unique id, the same for every spelling: `nissan/versa`, `2020`, `all`.

        A slash within a name is escaped as in a JSON pointer (RFC 6901).
        """
        if self.year is not None:
            return str(self.year)
        names = [fold(name) for name in (self.make, self.model) if name is not None]
        escaped = (name.replace("~", "~0").replace("/", "~1") for name in names)
        return "/".join(escaped) or "all"


def summarize_prices(prices: Iterable[Decimal]) -> PriceSummary:
    """Summarizes prices; there must be at least one."""
    ordered = sorted(prices)
    count = len(ordered)
    return PriceSummary.of(
        count=count,
        total=sum(ordered, Decimal(0)),
        lowest=ordered[0],
        lower_middle=ordered[(count - 1) // 2],
        upper_middle=ordered[count // 2],
        highest=ordered[-1],
    )


def _mean(total: Decimal, count: int) -> Decimal:
    return _EXACT.divide(total, Decimal(count)).quantize(CENTAVO, ROUND_HALF_UP, _EXACT)
