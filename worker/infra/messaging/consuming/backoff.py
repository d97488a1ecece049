import random
import time

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0


class Backoff:
    """Pauses between attempts: doubling up to a bound, each a little random.

    Random, so that workers which lost a server together do not come back together.
    """

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._pause = FIRST_PAUSE_SECONDS

    @property
    def elapsed(self) -> float:
        """Seconds since the first attempt."""
        return time.monotonic() - self._began

    def next_pause(self) -> float:
        """Seconds to wait before the next attempt."""
        pause, self._pause = self._pause, min(self._pause * 2, LONGEST_PAUSE_SECONDS)
        return pause * random.uniform(0.75, 1.25)  # noqa: S311 - nobody gains by guessing it
