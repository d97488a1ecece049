import re
import time
from collections.abc import Callable

LARGEST_BATCH = 100
BATCHES_PER_SECOND = 5
"""How evenly a low rate is spread."""

_RATE = re.compile(r"([1-9][0-9]{0,6})/(s|m|h)", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600}


def parse_rate(text: str) -> float:
    """Reads `50/s`, `10/m` or `1/h` as messages per second.

    Raises:
        ValueError: it is no such rate.
    """
    match = _RATE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no rate such as 50/s, 10/m or 1/h")
    return int(match[1]) / _SECONDS[match[2]]


class RateLimit:
    """Says how many messages may go at once, and when; None means no limit."""

    def __init__(
        self, per_second: float | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_second = per_second
        self._clock = clock
        self._next_at = 0.0

    @property
    def batch_size(self) -> int:
        """How many messages go together."""
        if self._per_second is None:
            return LARGEST_BATCH
        return max(1, min(LARGEST_BATCH, int(self._per_second / BATCHES_PER_SECOND)))

    def messages_in(self, seconds: float) -> float:
        """How many messages may go in so many seconds."""
        return float("inf") if self._per_second is None else self._per_second * seconds

    def delay(self) -> float:
        """Seconds until the next batch may go."""
        return max(0.0, self._next_at - self._clock())

    def spend(self, count: int) -> None:
        """Notes that so many messages went."""
        if self._per_second is not None:
            self._next_at = max(self._next_at, self._clock()) + count / self._per_second
