import random
import time

from worker.infra.durations import Durations


class Backoff:
    """Pauses between attempts: doubling up to a maximum, with jitter.

    Jitter keeps workers that lost a server at the same time from reconnecting at the same time.
    """

    def __init__(self, durations: Durations) -> None:
        self._began = time.monotonic()
        self._pause = durations.first_pause
        self._longest = durations.longest_pause

    @property
    def elapsed(self) -> float:
        """Seconds since the first attempt."""
        return time.monotonic() - self._began

    def next_pause(self) -> float:
        """Seconds to wait before the next attempt."""
        pause, self._pause = self._pause, min(self._pause * 2, self._longest)
        return pause * random.uniform(0.5, 1.5)  # noqa: S311 - not security relevant
