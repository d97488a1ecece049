import time
from typing import Protocol

REPEAT_SECONDS = 30.0


class _Warns(Protocol):
    def warning(self, event: str, **details: object) -> object: ...


class QuietLog:
    """Says a lasting trouble once, again every half minute, and how often it was left unsaid."""

    def __init__(self, log: _Warns) -> None:
        self._log = log
        self._last = ("", "")
        self._said_at = 0.0
        self._unsaid = 0

    def warn(self, event: str, reason: str) -> None:
        """Logs a trouble, unless it is the one just logged."""
        now = time.monotonic()
        if (event, reason) == self._last and now - self._said_at < REPEAT_SECONDS:
            self._unsaid += 1
            return
        again = {"repeated": self._unsaid} if self._unsaid else {}
        self._last, self._said_at, self._unsaid = (event, reason), now, 0
        self._log.warning(event, reason=reason, **again)

    def over(self) -> None:
        """Forgets the trouble: the next one is news again."""
        self._last, self._unsaid = ("", ""), 0
