from dataclasses import dataclass

from worker.domain.entities.car import Car


@dataclass(frozen=True, slots=True)
class CatalogPage:
    """One page of a search, and the total number of matching cars."""

    cars: tuple[Car, ...]
    total: int
