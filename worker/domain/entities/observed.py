from datetime import datetime
from typing import Self


class Observed:
    """What a message said of something, and when that was true upstream."""

    __slots__ = ()

    occurred_at: datetime
    source: str
    message_id: str

    def is_newer_than(self, other: Self) -> bool:
        """Compares by time, then source, then message id.

        The order is total, so that the same events end in the same catalog whatever
        order they arrive in.
        """
        return self._position > other._position

    def is_same_as(self, other: Self) -> bool:
        """Tells whether both are the one observation, seen again."""
        return self._position == other._position

    @property
    def _position(self) -> tuple[datetime, str, str]:
        return self.occurred_at, self.source, self.message_id
