from collections.abc import Callable
from typing import TypeVar

from worker.domain.errors import InvalidQueryError
from worker.domain.value_objects.catalog_filters import CatalogFilters
from worker.domain.value_objects.paging import Paging

T = TypeVar("T")


def build_query(
    filters: Callable[[], CatalogFilters], paging: Callable[[], Paging]
) -> tuple[CatalogFilters, Paging]:
    """Builds filters and paging from user input.

    Raises:
        InvalidQueryError: the input is invalid; the message lists the problems of both.
    """
    problems: list[str] = []
    made = _attempt(filters, problems), _attempt(paging, problems)
    match made:
        case CatalogFilters() as valid_filters, Paging() as valid_paging:
            return valid_filters, valid_paging
        case _:
            raise InvalidQueryError(problems)


def _attempt(make: Callable[[], T], problems: list[str]) -> T | None:
    try:
        return make()
    except InvalidQueryError as invalid:
        problems.extend(invalid.problems)
        return None
