from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any

from typing_extensions import override

from worker.domain.entities.car import Car
from worker.domain.ports.catalog_repository import CatalogRepository
from worker.domain.read_models.catalog_entry import CatalogEntry
from worker.domain.read_models.catalog_page import CatalogPage
from worker.domain.value_objects.car_description import fold
from worker.domain.value_objects.catalog_filters import CatalogFilters
from worker.domain.value_objects.catalog_summary import CatalogGroup, Grouping, summarize_prices
from worker.domain.value_objects.paging import Paging

_KEYS: dict[Grouping, Callable[[Car], tuple[Any, ...]]] = {
    Grouping.ALL: lambda _: (),
    Grouping.MAKE: lambda car: (fold(car.make),),
    Grouping.MODEL: lambda car: (fold(car.make), fold(car.model)),
    Grouping.YEAR: lambda car: (car.year,),
}


class InMemoryCatalogRepository(CatalogRepository):
    """A catalog that needs no server: for tests of whatever reads one."""

    def __init__(self, entries: Iterable[CatalogEntry] = ()) -> None:
        self._entries = {entry.car.id: entry for entry in entries}

    @override
    async def search(self, filters: CatalogFilters, paging: Paging) -> CatalogPage:
        found = sorted(self._matching(filters), key=lambda car: car.id)
        found.sort(key=lambda car: car.price.occurred_at, reverse=True)
        return CatalogPage(tuple(found[paging.offset :][: paging.limit]), len(found))

    @override
    async def get(self, car_id: str) -> CatalogEntry | None:
        return self._entries.get(car_id)

    @override
    async def summarize(
        self, filters: CatalogFilters, grouping: Grouping
    ) -> tuple[CatalogGroup, ...]:
        key = _KEYS[grouping]
        groups = groupby(sorted(self._matching(filters), key=key), key)
        return tuple(_to_group(list(cars), grouping) for _, cars in groups)

    def _matching(self, filters: CatalogFilters) -> Iterable[Car]:
        return (entry.car for entry in self._entries.values() if matches(entry.car, filters))


def matches(car: Car, filters: CatalogFilters) -> bool:
    """Tells whether a car meets every filter that is set."""
    return (
        (filters.include_withdrawn or car.listing.withdrawn_because is None)
        and (filters.make is None or fold(car.make) == fold(filters.make))
        and (filters.model is None or fold(car.model) == fold(filters.model))
        and (filters.year_min is None or car.year >= filters.year_min)
        and (filters.year_max is None or car.year <= filters.year_max)
        and (filters.price_min is None or car.price.amount >= filters.price_min)
        and (filters.price_max is None or car.price.amount <= filters.price_max)
    )


def _to_group(cars: list[Car], grouping: Grouping) -> CatalogGroup:
    named = grouping in {Grouping.MAKE, Grouping.MODEL}
    return CatalogGroup(
        summarize_prices(car.price.amount for car in cars),
        make=min(car.make for car in cars) if named else None,
        model=min(car.model for car in cars) if grouping is Grouping.MODEL else None,
        year=cars[0].year if grouping is Grouping.YEAR else None,
    )
