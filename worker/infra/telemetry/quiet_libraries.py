import logging
import time
from collections.abc import Callable

from typing_extensions import override

REPEAT_SECONDS = 30.0


class QuietLibraries(logging.Filter):
    """Passes the same line of a library once in 30 s, and our own lines always.

    Lines are compared before their parameters are filled in, so that the number stays small.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._said_at: dict[tuple[str, str], float] = {}

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.partition(".")[0] == "worker":
            return True
        line, now = (record.name, str(record.msg)), self._clock()
        self._said_at = {
            said: at for said, at in self._said_at.items() if now - at < REPEAT_SECONDS
        }
        if line in self._said_at:
            return False
        self._said_at[line] = now
        return True
