from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from worker.domain.errors import InvalidQueryError, InvalidValueError
from worker.domain.value_objects.car_description import parse_name


@dataclass(frozen=True, slots=True)
class CatalogFilters:
    """Filters for cars; None means no filter, and filters are combined with AND.

    Make and model match exactly except for case; ranges include both ends; prices are Mexican
    pesos. Withdrawn cars are left out unless they are asked for.

    Raises:
        InvalidQueryError: the filters are invalid; the message lists all problems.
    """

    make: str | None = None
    model: str | None = None
    year_min: int | None = None
    year_max: int | None = None
    price_min: Decimal | None = None
    price_max: Decimal | None = None
    include_withdrawn: bool = False

    def __post_init__(self) -> None:
        problems = [
            *_name_problems("make", self.make),
            *_name_problems("model", self.model),
            *_range_problems("year", _year_problem, self.year_min, self.year_max),
            *_range_problems("price", _price_problem, self.price_min, self.price_max),
        ]
        if problems:
            raise InvalidQueryError(problems)


def _name_problems(name: str, value: str | None) -> list[str]:
    try:
        if value is not None:
            parse_name(value)
    except InvalidValueError as invalid:
        return [f"{name}: {invalid}"]
    return []


def _range_problems(
    name: str,
    problem_of: Callable[[object], str | None],
    lowest: int | Decimal | None,
    highest: int | Decimal | None,
) -> list[str]:
    """The problems of each bound, or of both together if each is valid."""
    ends = {f"{name}_min": lowest, f"{name}_max": highest}
    problems = {end: problem_of(bound) for end, bound in ends.items() if bound is not None}
    told = [f"{end} {problem}" for end, problem in problems.items() if problem is not None]
    if not told and lowest is not None and highest is not None and lowest > highest:
        return [f"{name}_min {lowest} is above {name}_max {highest}"]
    return told


def _year_problem(bound: object) -> str | None:
    if isinstance(bound, int) and not isinstance(bound, bool):
        return None
    return f"must be an integer, not {type(bound).__name__} {bound!r}"


def _price_problem(bound: object) -> str | None:
    if isinstance(bound, Decimal) and bound.is_finite():
        return None
    return f"must be an exact decimal, not {type(bound).__name__} {bound!r}"
