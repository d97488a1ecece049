from typing import Protocol

from worker.domain.read_models.catalog_entry import CatalogEntry
from worker.domain.read_models.catalog_page import CatalogPage
from worker.domain.value_objects.catalog_filters import CatalogFilters
from worker.domain.value_objects.catalog_summary import CatalogGroup, Grouping
from worker.domain.value_objects.paging import Paging


class CatalogRepository(Protocol):
    """The read side of the catalog."""

    async def search(self, filters: CatalogFilters, paging: Paging) -> CatalogPage:
        """One page of the matching cars, newest price first, then by id, and their total.

        Page and total come from the same snapshot.
        """
        ...

    async def get(self, car_id: str) -> CatalogEntry | None:
        """The car with this id and its plans, if it exists."""
        ...

    async def summarize(
        self, filters: CatalogFilters, grouping: Grouping
    ) -> tuple[CatalogGroup, ...]:
        """The prices of the matching cars per group, ordered by make, model, year."""
        ...
