from dataclasses import dataclass

from worker.domain.entities.car import Car


@dataclass(frozen=True, slots=True)
class CatalogPage:
    """One page of a search, and how many cars match in all."""

    cars: tuple[Car, ...]
    total: int
