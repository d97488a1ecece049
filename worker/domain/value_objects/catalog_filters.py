from dataclasses import dataclass
from decimal import Decimal

from worker.domain.errors import InvalidQueryError


@dataclass(frozen=True, slots=True)
class CatalogFilters:
    """Which cars to look at; what is None does not filter, the rest is joined by AND.

    Make and model match exactly but for case; ranges include both ends; prices are
    Mexican pesos.

    Raises:
        InvalidQueryError: with every problem at once.
    """

    make: str | None = None
    model: str | None = None
    year_min: int | None = None
    year_max: int | None = None
    price_min: Decimal | None = None
    price_max: Decimal | None = None

    def __post_init__(self) -> None:
        problems = [
            *_inexact("price_min", self.price_min),
            *_inexact("price_max", self.price_max),
            *_crossed("year", self.year_min, self.year_max),
            *_crossed("price", self.price_min, self.price_max),
        ]
        if problems:
            raise InvalidQueryError(problems)


def _inexact(name: str, value: object) -> list[str]:
    if value is None or isinstance(value, Decimal):
        return []
    return [f"{name} must be an exact decimal, not {type(value).__name__} {value!r}"]


def _crossed(name: str, lowest: int | Decimal | None, highest: int | Decimal | None) -> list[str]:
    if lowest is None or highest is None or lowest <= highest:
        return []
    return [f"{name}_min {lowest} is above {name}_max {highest}"]
