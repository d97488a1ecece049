from collections.abc import Collection, Mapping
from typing import Protocol


class DeliveryTrials(Protocol):
    """Counts how often suspect messages were begun, in a place that outlives the process.

    All may raise `StoreUnavailableError`.
    """

    async def count(self, keys: Collection[bytes]) -> Mapping[bytes, int]:
        """The trials of those that were begun and never ended."""
        ...

    async def begin(self, keys: Collection[bytes]) -> Mapping[bytes, int]:
        """Counts one more trial of each before it is made; returns how many there are now."""
        ...

    async def end(self, keys: Collection[bytes]) -> None:
        """Forgets messages whose handling came to an end, whatever the end."""
        ...
