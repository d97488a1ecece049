"""A catalog that a person can check by eye, searched by brute force beside it."""

from decimal import Decimal
from itertools import product

from tests.contract.conftest import CatalogOf
from tests.contract.mexican_catalog import MEXICAN_CARS
from worker.domain.entities.car import Car
from worker.domain.value_objects.catalog_filters import CatalogFilters
from worker.domain.value_objects.catalog_summary import Grouping
from worker.domain.value_objects.paging import Paging

MAKES = (None, "NISSAN", "škoda", "skoda", "mercedes-BENZ", "Tesla")
MODELS = (None, "versa", "león", "LEON")
YEARS = ((None, None), (2019, None), (2018, 2018), (2019, 2021))
PRICES = ((None, None), ("189000.00", "345000.00"), ("379999.99", None))
PAGES = (Paging(), Paging(3, 2))


async def test_searches_find_what_brute_force_finds(catalog_of: CatalogOf) -> None:
    catalog = await catalog_of(MEXICAN_CARS)

    found = 0
    for make, model, years, prices in product(MAKES, MODELS, YEARS, PRICES):
        lowest, highest = (None if price is None else Decimal(price) for price in prices)
        wanted = _by_brute_force(make, model, years, (lowest, highest))
        asked = CatalogFilters(make, model, *years, lowest, highest)
        for paging in PAGES:
            page = await catalog.search(asked, paging)
            end = paging.offset + paging.limit
            assert (list(page.cars), page.total) == (wanted[paging.offset : end], len(wanted))
        found += len(wanted)

    assert found > 300, "the questions must have answers"


async def test_the_versas_are_the_four_that_a_person_counts(catalog_of: CatalogOf) -> None:
    catalog = await catalog_of(MEXICAN_CARS)

    asked = CatalogFilters("Nissan", "Versa")
    page = await catalog.search(asked, Paging())
    (group,) = await catalog.summarize(asked, Grouping.MODEL)

    assert [car.id[-2:] for car in page.cars] == ["03", "02", "01", "00"]
    assert (group.id, group.make, group.model) == ("nissan/versa", "NISSAN", "VERSA")
    prices = group.prices
    assert [str(prices.lowest), str(prices.median), str(prices.mean), str(prices.highest)] == [
        *("189000.00", "197000.00", "207225.00", "245900.00")
    ]


def _by_brute_force(
    make: str | None,
    model: str | None,
    years: tuple[int | None, int | None],
    prices: tuple[Decimal | None, Decimal | None],
) -> list[Car]:
    found = []
    for car in MEXICAN_CARS:
        if make is not None and car.make.lower() != make.lower():
            continue
        if model is not None and car.model.lower() != model.lower():
            continue
        if car.year not in range(years[0] or 0, (years[1] or 9999) + 1):
            continue
        if (prices[0] or 0) <= car.price.amount <= (prices[1] or Decimal("1e10")):
            found.append(car)
    return sorted(found, key=lambda car: (-car.price.occurred_at.timestamp(), car.id))
