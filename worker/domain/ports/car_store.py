from collections.abc import Collection, Mapping
from typing import Protocol

from worker.domain.entities.car import Car


class CarStore(Protocol):
    """The write side of the catalog, inside one transaction."""

    async def lock(self, car_ids: Collection[str]) -> Mapping[str, Car]:
        """Those of the cars that exist, held until the transaction ends.

        Locks are taken in the order of the ids, so that two workers cannot wait for
        each other in a circle.
        """
        ...

    async def add(self, cars: Collection[Car]) -> None:
        """Stores new cars.

        Raises:
            ConcurrentChangeError: another transaction created one of them meanwhile.
        """
        ...

    async def update(self, cars: Collection[Car]) -> None:
        """Stores the prices of cars that were locked before."""
        ...
