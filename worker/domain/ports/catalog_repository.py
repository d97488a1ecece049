from typing import Protocol

from worker.domain.value_objects.catalog_entry import CatalogEntry
from worker.domain.value_objects.catalog_filters import CatalogFilters
from worker.domain.value_objects.catalog_page import CatalogPage
from worker.domain.value_objects.catalog_summary import CatalogGroup, Grouping
from worker.domain.value_objects.paging import Paging


class CatalogRepository(Protocol):
    """The read side: what the catalog holds now."""

    async def search(self, filters: CatalogFilters, paging: Paging) -> CatalogPage:
        """One page of the matching cars, newest price first, then by id, and their total.

        Page and total are of one moment.
        """
        ...

    async def get(self, car_id: str) -> CatalogEntry | None:
        """The car of this id with its plans, if it was created."""
        ...

    async def summarize(
        self, filters: CatalogFilters, grouping: Grouping
    ) -> tuple[CatalogGroup, ...]:
        """The prices of the matching cars, group by group, in the order of make, model, year."""
        ...
