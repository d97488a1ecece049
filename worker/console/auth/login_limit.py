"""How often somebody may try a password."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from worker.console.auth.refusals import TooManyLoginsError
from worker.infra.durations import Durations

ATTEMPTS = 10
"""So many in one window, for one address and for one name."""

MOST = 10_000
"""So many addresses and names are remembered."""


@dataclass(slots=True)
class _Window:
    began: float
    attempts: int = 0


class LoginLimit:
    """Counts attempts before a password is looked at, so that many at once gain nothing."""

    def __init__(self, clock: Callable[[], float], durations: Durations) -> None:
        self._clock = clock
        self._seconds = durations.console_login_window
        self._windows: OrderedDict[tuple[str, str], _Window] = OrderedDict()

    def spend(self, address: str, name: str) -> None:
        """Counts an attempt.

        Raises:
            TooManyLoginsError: there were too many before it.
        """
        windows = [self._window("address", address), self._window("name", name)]
        if full := [window for window in windows if window.attempts >= ATTEMPTS]:
            ends = max(window.began for window in full) + self._seconds
            raise TooManyLoginsError(ends - self._clock())
        for window in windows:
            window.attempts += 1

    def give_back(self, address: str, name: str) -> None:
        """The password was right: the attempt does not count."""
        for window in (self._window("address", address), self._window("name", name)):
            window.attempts = max(0, window.attempts - 1)

    def _window(self, kind: str, value: str) -> _Window:
        now = self._clock()
        window = self._windows.get((kind, value))
        if window is None or now - window.began >= self._seconds:
            window = self._windows[kind, value] = _Window(now)
        self._windows.move_to_end((kind, value))
        while len(self._windows) > MOST:
            self._windows.popitem(last=False)
        return window
