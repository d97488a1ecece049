from collections.abc import Collection
from typing import Protocol

from worker.domain.entities.early_observation import EarlyObservation


class EarlyObservations(Protocol):
    """What waits for cars to be created; lock and change it after the cars.

    A car is created together with what waits for it, so nothing ever waits beside its car.
    """

    async def lock(
        self, *, created: Collection[str], awaited: Collection[str]
    ) -> Collection[EarlyObservation]:
        """What waits for these cars, none of which exists.

        Until the transaction ends, no other one creates an `awaited` car, and no other one adds
        what waits for a `created` one. The price of an awaited car may be added here, that of a
        created one may not.
        """
        ...

    async def remove(self, observations: Collection[EarlyObservation]) -> None:
        """Removes what waits no longer, because its car is created now."""
        ...

    async def keep(self, observations: Collection[EarlyObservation]) -> None:
        """Keeps these, each in place of an older one about the same thing if there is one.

        Raises:
            ConcurrentChangeError: another transaction has created the car, or added one.
        """
        ...
