from typing import Protocol


class DeliveryTrials(Protocol):
    """Counts how often a suspect message was begun, in a place that outlives the process.

    Both may raise `StoreUnavailableError`.
    """

    async def begin(self, fingerprint: bytes) -> int:
        """Counts one more trial before it is made; returns how many there are now."""
        ...

    async def end(self, fingerprint: bytes) -> None:
        """Forgets a message whose handling came to an end, whatever the end."""
        ...
