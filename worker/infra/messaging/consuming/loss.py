import asyncio


class Loss:
    """Whether a subscription is lost, and why: the first reason stands."""

    def __init__(self) -> None:
        self._happened = asyncio.Event()
        self.reason = ""

    @property
    def has_happened(self) -> bool:
        """Whether the subscription is lost."""
        return self._happened.is_set()

    def happen(self, reason: str) -> None:
        """Loses the subscription, unless it is lost."""
        if not self.has_happened:
            self.reason = reason
            self._happened.set()

    async def wait(self) -> str:
        """Waits until the subscription is lost; returns the reason."""
        await self._happened.wait()
        return self.reason
