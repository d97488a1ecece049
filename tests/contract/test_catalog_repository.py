"""What every catalog promises, whatever it keeps its cars in."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.contract.catalogs import car, plan
from tests.contract.conftest import CatalogOf
from tests.support.entities import NEW_YEAR
from worker.domain.read_models.catalog_page import CatalogPage
from worker.domain.value_objects.catalog_filters import CatalogFilters
from worker.domain.value_objects.catalog_summary import CatalogGroup, Grouping, PriceSummary
from worker.domain.value_objects.paging import Paging

EVERYTHING = CatalogFilters()
FIRST_PAGE = Paging()


def ids(page: CatalogPage) -> list[str]:
    return [found.id for found in page.cars]


async def test_without_filters_every_car_is_found(catalog_of: CatalogOf) -> None:
    cars = [car("a"), car("b", "SEAT", "León")]
    catalog = await catalog_of(cars)

    assert await catalog.search(EVERYTHING, FIRST_PAGE) == CatalogPage(tuple(cars), 2)


async def test_an_empty_catalog_has_an_empty_page(catalog_of: CatalogOf) -> None:
    catalog = await catalog_of([])

    assert await catalog.search(EVERYTHING, FIRST_PAGE) == CatalogPage((), 0)


@pytest.mark.parametrize("asked", ["ŠKODA", "škoda", "Škoda", "S\u030ckoda", "šKODA"])
async def test_a_make_is_found_whatever_its_case_and_composition(
    asked: str, catalog_of: CatalogOf
) -> None:
    catalog = await catalog_of([car("a", "Škoda", "Octavia"), car("b", "Skoda", "Octavia")])

    assert ids(await catalog.search(CatalogFilters(make=asked), FIRST_PAGE)) == ["a"]


@pytest.mark.parametrize("asked", ["Ver", "Versa ", "%", "V%", "_ersa", "Versa%", r"Vers\a"])
async def test_a_part_or_a_pattern_of_a_model_finds_nothing(
    asked: str, catalog_of: CatalogOf
) -> None:
    catalog = await catalog_of([car("a", model="Versa")])

    assert await catalog.search(CatalogFilters(model=asked), FIRST_PAGE) == CatalogPage((), 0)


async def test_a_model_of_wildcards_is_found_by_itself(catalog_of: CatalogOf) -> None:
    catalog = await catalog_of([car("a", model="%_\\"), car("b")])

    assert ids(await catalog.search(CatalogFilters(model="%_\\"), FIRST_PAGE)) == ["a"]


async def test_ranges_include_both_ends(catalog_of: CatalogOf) -> None:
    years = [car(f"y{year}", year=year) for year in (2017, 2018, 2019, 2020, 2021)]
    prices = [
        car(f"p{price}", year=1990, price=price) for price in ("99.99", "100", "200", "200.01")
    ]
    catalog = await catalog_of([*years, *prices])

    found = await catalog.search(CatalogFilters(year_min=2018, year_max=2020), FIRST_PAGE)
    priced = CatalogFilters(price_min=Decimal(100), price_max=Decimal(200))

    assert ids(found) == ["y2018", "y2019", "y2020"]
    assert ids(await catalog.search(priced, FIRST_PAGE)) == ["p100", "p200"]


async def test_filters_are_joined_by_and(catalog_of: CatalogOf) -> None:
    wanted = car("wanted", "SEAT", "León", 2020, "250000.00")
    near = [
        car("make", "Nissan", "León", 2020, "250000.00"),
        car("model", "SEAT", "Ibiza", 2020, "250000.00"),
        car("year", "SEAT", "León", 2019, "250000.00"),
        car("price", "SEAT", "León", 2020, "250000.01"),
    ]
    catalog = await catalog_of([wanted, *near])
    price = Decimal("250000.00")

    page = await catalog.search(
        CatalogFilters("seat", "LEÓN", 2020, 2020, price, price), FIRST_PAGE
    )

    assert page == CatalogPage((wanted,), 1)


async def test_a_bound_finer_than_a_centavo_is_not_rounded(catalog_of: CatalogOf) -> None:
    catalog = await catalog_of([car("a", price="100.00"), car("b", price="100.01")])

    below = await catalog.search(CatalogFilters(price_max=Decimal("100.009")), FIRST_PAGE)
    above = await catalog.search(CatalogFilters(price_min=Decimal("100.001")), FIRST_PAGE)

    assert (ids(below), ids(above)) == (["a"], ["b"])


@pytest.mark.parametrize("far", [Decimal("1e30"), Decimal("1e-400000"), Decimal("9999999999.999")])
async def test_bounds_beyond_any_car_are_bounds_like_others(
    far: Decimal, catalog_of: CatalogOf
) -> None:
    catalog = await catalog_of([car("a", price="9999999999.99")])

    within = CatalogFilters(
        year_min=-(10**30), year_max=10**30, price_min=-far, price_max=max(far, Decimal("1e10"))
    )
    beyond = CatalogFilters(price_min=Decimal("9999999999.991"))

    assert ids(await catalog.search(within, FIRST_PAGE)) == ["a"]
    assert ids(await catalog.search(beyond, FIRST_PAGE)) == []
    assert ids(await catalog.search(CatalogFilters(year_min=10**30), FIRST_PAGE)) == []
    assert ids(await catalog.search(CatalogFilters(year_max=-1), FIRST_PAGE)) == []


async def test_the_newest_price_comes_first_and_ties_are_in_the_order_of_ids(
    catalog_of: CatalogOf,
) -> None:
    later = NEW_YEAR + timedelta(microseconds=1)
    tied = [car(car_id) for car_id in ("b", "a", "B", "_", "a.1", "A", "a-1", "10", "9")]
    catalog = await catalog_of([*tied, car("z", occurred_at=later)])

    page = await catalog.search(EVERYTHING, FIRST_PAGE)

    assert ids(page) == ["z", "10", "9", "A", "B", "_", "a", "a-1", "a.1", "b"]


async def test_pages_follow_each_other_without_gap_or_overlap(catalog_of: CatalogOf) -> None:
    catalog = await catalog_of([car(f"{number:02}") for number in range(7)])

    pages = [await catalog.search(EVERYTHING, Paging(offset, 3)) for offset in (0, 3, 6)]

    assert [found for page in pages for found in ids(page)] == [f"{n:02}" for n in range(7)]
    assert {page.total for page in pages} == {7}


@pytest.mark.parametrize("offset", [3, 4, 10**30])
async def test_past_the_end_the_page_is_empty_and_the_total_stays(
    offset: int, catalog_of: CatalogOf
) -> None:
    catalog = await catalog_of([car("a"), car("b"), car("c")])

    assert await catalog.search(EVERYTHING, Paging(offset)) == CatalogPage((), 3)


async def test_a_car_is_shown_with_its_own_plans_in_the_order_of_their_ids(
    catalog_of: CatalogOf,
) -> None:
    plans = [plan("p2", "a"), plan("P3", "a"), plan("p1", "a", months=48), plan("other", "b")]
    catalog = await catalog_of([car("a"), car("b")], plans)

    entry = await catalog.get("a")

    assert entry is not None
    assert entry.car == car("a")
    assert [found.id for found in entry.financing_plans] == ["P3", "p1", "p2"]
    assert entry.financing_plans[1] == plan("p1", "a", months=48)


async def test_a_car_nobody_created_is_not_there(catalog_of: CatalogOf) -> None:
    catalog = await catalog_of([car("a")])

    assert await catalog.get("A") is None


async def test_the_median_of_an_even_count_is_the_exact_mean_of_the_two_in_the_middle(
    catalog_of: CatalogOf,
) -> None:
    prices = ("100.00", "200.01", "200.02", "9999999999.99")
    catalog = await catalog_of([car(price, price=price) for price in prices])

    (group,) = await catalog.summarize(EVERYTHING, Grouping.ALL)

    assert group == CatalogGroup(
        PriceSummary(
            count=4,
            lowest=Decimal("100.00"),
            median=Decimal("200.02"),  # 200.015, half up
            mean=Decimal("2500000125.01"),  # 2500000125.005, half up
            highest=Decimal("9999999999.99"),
        )
    )


async def test_the_median_of_an_odd_count_is_the_one_in_the_middle(catalog_of: CatalogOf) -> None:
    catalog = await catalog_of([car(price, price=price) for price in ("3", "1.01", "2.02")])

    (group,) = await catalog.summarize(EVERYTHING, Grouping.ALL)

    assert (group.prices.median, group.prices.mean) == (Decimal("2.02"), Decimal("2.01"))


async def test_spellings_of_a_make_that_differ_in_case_are_one_group(
    catalog_of: CatalogOf,
) -> None:
    makes = ("škoda", "ŠKODA", "Škoda", "Skoda", "Acura")
    catalog = await catalog_of([car(f"{n}", make) for n, make in enumerate(makes)])

    groups = await catalog.summarize(EVERYTHING, Grouping.MAKE)

    assert [(group.id, group.make, group.prices.count) for group in groups] == [
        ("acura", "Acura", 1),
        ("skoda", "Skoda", 1),
        ("škoda", "ŠKODA", 3),
    ]


async def test_models_are_told_apart_by_their_make(catalog_of: CatalogOf) -> None:
    named = [("VW", "Golf"), ("Seat", "Golf"), ("VW", "Jetta"), ("VW", "GOLF")]
    catalog = await catalog_of([car(f"{n}", *names) for n, names in enumerate(named)])

    groups = await catalog.summarize(EVERYTHING, Grouping.MODEL)

    assert [(group.id, group.prices.count) for group in groups] == [
        ("seat/golf", 1),
        ("vw/golf", 2),
        ("vw/jetta", 1),
    ]


async def test_years_are_in_their_order_and_only_matching_cars_count(
    catalog_of: CatalogOf,
) -> None:
    cars = [car(f"{year}", year=year, price=f"{year}.00") for year in (2020, 1999, 2021)]
    catalog = await catalog_of([*cars, car("other", "SEAT", year=1998)])

    groups = await catalog.summarize(CatalogFilters(make="nissan"), Grouping.YEAR)

    assert [(group.id, group.year, group.prices.lowest) for group in groups] == [
        ("1999", 1999, Decimal(1999)),
        ("2020", 2020, Decimal(2020)),
        ("2021", 2021, Decimal(2021)),
    ]


@pytest.mark.parametrize("grouping", Grouping)
async def test_where_nothing_matches_there_are_no_groups(
    grouping: Grouping, catalog_of: CatalogOf
) -> None:
    catalog = await catalog_of([car("a")])

    assert await catalog.summarize(CatalogFilters(make="SEAT"), grouping) == ()
