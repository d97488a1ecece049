from decimal import Decimal
from typing import Any

import pytest

from worker.domain.errors import InvalidQueryError
from worker.domain.value_objects.catalog_filters import CatalogFilters
from worker.domain.value_objects.catalog_query import build_query
from worker.domain.value_objects.paging import Paging

NAME_RULE = "1 to 80 characters after trimming, no control characters"


@pytest.mark.parametrize(
    ("filters", "problem"),
    [
        ({"year_min": 2021, "year_max": 2020}, "year_min 2021 is above year_max 2020"),
        (
            {"price_min": Decimal(2), "price_max": Decimal("1.99")},
            "price_min 2 is above price_max 1.99",
        ),
        ({"price_min": 1.5}, "price_min must be an exact decimal, not float 1.5"),
        ({"price_max": 100}, "price_max must be an exact decimal, not int 100"),
        (
            {"price_max": Decimal("NaN")},
            "price_max must be an exact decimal, not Decimal Decimal('NaN')",
        ),
        ({"year_min": 2020.5}, "year_min must be an integer, not float 2020.5"),
        ({"year_max": True}, "year_max must be an integer, not bool True"),
        (
            {"make": ""},
            f"make: found '', allowed is {NAME_RULE}",
        ),
        (
            {"model": "\udcff"},
            f"model: found '\\udcff', allowed is {NAME_RULE}",
        ),
    ],
)
def test_a_filter_nobody_can_answer_is_refused(filters: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidQueryError) as refused:
        CatalogFilters(**filters)

    assert refused.value.problems == (problem,)


def test_equal_ends_are_a_range() -> None:
    assert CatalogFilters(year_min=2020, year_max=2020).year_min == 2020


@pytest.mark.parametrize(("offset", "limit"), [(0, 1), (0, 200), (10**30, 20)])
def test_pages_of_1_to_200_rows_anywhere_are_taken(offset: int, limit: int) -> None:
    assert Paging(offset, limit).limit == limit


@pytest.mark.parametrize(
    ("offset", "limit", "problems"),
    [
        (-1, 20, ("offset -1 is negative",)),
        (0, 0, ("limit 0 is not from 1 to 200",)),
        (0, 201, ("limit 201 is not from 1 to 200",)),
        (-5, -5, ("offset -5 is negative", "limit -5 is not from 1 to 200")),
    ],
)
def test_other_pages_are_refused(offset: int, limit: int, problems: tuple[str, ...]) -> None:
    with pytest.raises(InvalidQueryError) as refused:
        Paging(offset, limit)

    assert refused.value.problems == problems


def test_every_problem_of_a_search_is_named_at_once() -> None:
    wrong: dict[str, Any] = {"year_min": 2, "year_max": 1, "price_min": 0.5, "make": "\x00"}

    with pytest.raises(InvalidQueryError) as refused:
        build_query(lambda: CatalogFilters(**wrong), lambda: Paging(-1, 0))

    named = [problem.split()[0].rstrip(":") for problem in refused.value.problems]
    assert named == ["make", "year_min", "price_min", "offset", "limit"]
