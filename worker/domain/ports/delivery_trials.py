from collections.abc import Collection, Mapping
from typing import Protocol


class DeliveryTrials(Protocol):
    """Counts the trials of suspects in a store that outlives the process.

    All methods may raise `StoreUnavailableError`.
    """

    async def count(self, keys: Collection[bytes]) -> Mapping[bytes, int]:
        """The number of trials of each suspect whose trials never ended."""
        ...

    async def begin(self, keys: Collection[bytes]) -> Mapping[bytes, int]:
        """Counts a trial of each suspect before it starts; returns the new counts."""
        ...

    async def end(self, keys: Collection[bytes]) -> None:
        """Deletes the counts of suspects whose handling ended, with any result."""
        ...
