import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

_VARIES = re.compile(r"(?<!Errno )(?<!\.py:)(?<!\w)(?:0x)?[0-9a-f:.]*[0-9][0-9a-f:.]*(?!\w)")
"""Ports, addresses and counters, which differ between attempts that fail for one reason.

The number of an error and a line of our code are part of the reason.
"""


class _Warns(Protocol):
    def warning(self, event: str, **details: object) -> object: ...


@dataclass(slots=True)
class _Logged:
    at: float
    suppressed: int = 0


class RepeatLimitedLog:
    """Logs a persistent problem once, then every `repeat_seconds` with the suppressed repeats.

    Each reason has its own limit: a server may alternate between refusing and resetting. Reasons
    that differ only in numbers are one.
    """

    def __init__(
        self,
        log: _Warns,
        repeat_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log = log
        self._clock = clock
        self._repeat_seconds = repeat_seconds
        self._logged: dict[tuple[str, str], _Logged] = {}

    def warn(self, event: str, reason: str) -> None:
        """Logs a problem, or counts it as suppressed if it was logged recently."""
        now, key = self._clock(), (event, _VARIES.sub("#", reason))
        since = now - self._repeat_seconds
        self._logged = {
            problem: last
            for problem, last in self._logged.items()
            if last.suppressed or last.at > since
        }
        last = self._logged.get(key)
        if last is not None and last.at > since:
            last.suppressed += 1
            return
        repeats = {"suppressed": last.suppressed} if last is not None else {}
        self._logged[key] = _Logged(now)
        self._log.warning(event, reason=reason, **repeats)

    def over(self) -> None:
        """Forgets all problems: the next one is logged at once."""
        self._logged.clear()
