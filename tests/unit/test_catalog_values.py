"""The values of searches and summaries, at their bounds."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from worker.domain.errors import InvalidQueryError
from worker.domain.value_objects.catalog_filters import CatalogFilters
from worker.domain.value_objects.catalog_query import build_query
from worker.domain.value_objects.catalog_summary import (
    CatalogGroup,
    PriceSummary,
    summarize_prices,
)
from worker.domain.value_objects.paging import Paging


def problems(make: Callable[[], object]) -> tuple[str, ...]:
    with pytest.raises(InvalidQueryError) as invalid:
        make()
    assert str(invalid.value) == "; ".join(invalid.value.problems)
    return invalid.value.problems


@pytest.mark.parametrize(("offset", "limit"), [(0, 1), (0, 200), (10**9, 20)])
def test_pages_of_1_to_200_rows_from_any_offset_can_be_asked_for(offset: int, limit: int) -> None:
    paging = Paging(offset, limit)

    assert (paging.offset, paging.limit) == (offset, limit)


def test_unasked_a_page_is_the_first_20_rows() -> None:
    assert Paging() == Paging(offset=0, limit=20)


@pytest.mark.parametrize("limit", [-1, 0, 201])
def test_other_pages_are_refused_with_all_that_is_wrong(limit: int) -> None:
    assert problems(lambda: Paging(-1, limit)) == (
        "offset -1 is negative",
        f"limit {limit} is not from 1 to 200",
    )


@pytest.mark.parametrize("name", ["year", "price"])
def test_a_range_may_be_a_point_and_not_upside_down(name: str) -> None:
    low: int | Decimal = 2019 if name == "year" else Decimal("2019.00")
    same = {f"{name}_min": low, f"{name}_max": low}
    upside_down = {f"{name}_min": low + 1, f"{name}_max": low}

    assert CatalogFilters(**same) == CatalogFilters(**same)  # type: ignore[arg-type]
    assert problems(lambda: CatalogFilters(**upside_down)) == (  # type: ignore[arg-type]
        f"{name}_min {low + 1} is above {name}_max {low}",
    )


@pytest.mark.parametrize(
    "ends",
    [
        {"year_min": 2030},
        {"year_max": 1},
        {"price_min": Decimal(0)},
        {"price_max": Decimal("1e30")},
    ],
)
def test_a_range_may_be_open_at_either_end(ends: dict[str, object]) -> None:
    filters = CatalogFilters(**ends)  # type: ignore[arg-type]

    assert {name: getattr(filters, name) for name in ends} == ends


@pytest.mark.parametrize(
    ("ends", "problem"),
    [
        ({"year_min": True}, "year_min must be an integer, not bool True"),
        ({"year_max": "2020"}, "year_max must be an integer, not str '2020'"),
        ({"price_min": 1.5}, "price_min must be an exact decimal, not float 1.5"),
        (
            {"price_max": Decimal("NaN")},
            "price_max must be an exact decimal, not Decimal Decimal('NaN')",
        ),
        (
            {"price_min": Decimal("Infinity"), "price_max": Decimal(1)},
            "price_min must be an exact decimal, not Decimal Decimal('Infinity')",
        ),
    ],
)
def test_an_end_of_a_range_has_its_type(ends: dict[str, object], problem: str) -> None:
    assert problems(lambda: CatalogFilters(**ends)) == (problem,)  # type: ignore[arg-type]


def test_a_query_is_refused_with_the_problems_of_both_its_parts() -> None:
    assert problems(lambda: build_query(lambda: CatalogFilters(make=""), lambda: Paging(-1))) == (
        "make: found '', allowed is 1 to 80 characters after trimming, no control characters",
        "offset -1 is negative",
    )


def test_a_query_that_is_right_has_both_its_parts() -> None:
    made = build_query(lambda: CatalogFilters(make="SEAT"), lambda: Paging(3))

    assert made == (CatalogFilters(make="SEAT"), Paging(3))


def prices(*texts: str) -> PriceSummary:
    return summarize_prices(Decimal(text) for text in texts)


def summary(count: int, *texts: str) -> PriceSummary:
    return PriceSummary(count, *(Decimal(text) for text in texts))


def test_prices_are_summarized_whatever_their_order() -> None:
    odd = prices("3.00", "1.00", "9.00", "2.00", "4.00")
    even = prices("4.00", "1.00", "2.00", "3.01")

    assert odd == summary(5, "1.00", "3.00", "3.80", "9.00")
    assert even == summary(4, "1.00", "2.51", "2.50", "4.00")  # 2.505 and 2.5025
    assert prices("7.00") == summary(1, "7.00", "7.00", "7.00", "7.00")


def test_a_mean_is_rounded_half_up_to_centavos() -> None:
    assert prices("0.01", "0.02").mean == Decimal("0.02")
    assert prices("0.01", "0.01", "0.02").mean == Decimal("0.01")


@pytest.mark.parametrize(
    ("group", "id_"),
    [
        ({}, "all"),
        ({"make": "ŠKODA"}, "škoda"),
        ({"make": "Nissan", "model": "Versa"}, "nissan/versa"),
        ({"make": "A/B", "model": "~C"}, "a~1b/~0c"),
        ({"year": 2020}, "2020"),
    ],
)
def test_a_group_has_an_id_of_its_own(group: dict[str, object], id_: str) -> None:
    assert CatalogGroup(prices("1.00"), **group).id == id_  # type: ignore[arg-type]
