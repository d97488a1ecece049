import time
from collections.abc import Callable
from typing import Protocol

REPEAT_SECONDS = 30.0


class _Warns(Protocol):
    def warning(self, event: str, **details: object) -> object: ...


class RepeatLimitedLog:
    """Says a lasting trouble once, again every half minute, and how often it was left unsaid.

    Also where it shows several faces in turn, as a server that refuses and resets by chance.
    """

    def __init__(self, log: _Warns, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._said_at: dict[tuple[str, str], float] = {}
        self._unsaid = 0

    def warn(self, event: str, reason: str) -> None:
        """Logs a trouble, unless it was said a short while ago."""
        now = self._clock()
        self._said_at = {
            said: at for said, at in self._said_at.items() if now - at < REPEAT_SECONDS
        }
        if (event, reason) in self._said_at:
            self._unsaid += 1
            return
        again = {"left_unsaid": self._unsaid} if self._unsaid else {}
        self._said_at[event, reason], self._unsaid = now, 0
        self._log.warning(event, reason=reason, **again)

    def over(self) -> None:
        """Forgets the trouble: the next one is news again."""
        self._said_at.clear()
        self._unsaid = 0
