"""Who has logged in, as long as this process runs."""

import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from worker.infra.durations import Durations

MOST = 10_000
"""So many at once: the one that was used longest ago makes place."""


@dataclass(slots=True)
class _Session:
    name: str
    began: float
    used: float


class Sessions:
    """Names by the secret that a cookie holds; each ends when it is old, or was not used."""

    def __init__(self, clock: Callable[[], float], durations: Durations) -> None:
        self._clock = clock
        self._idle, self._longest = durations.console_idle, durations.console_session
        self._sessions: OrderedDict[str, _Session] = OrderedDict()

    def begin(self, name: str) -> str:
        """A new one; returns its secret."""
        secret, now = secrets.token_urlsafe(32), self._clock()
        self._sessions[secret] = _Session(name, now, now)
        if len(self._sessions) > MOST:
            self._sessions.popitem(last=False)
        return secret

    def find(self, secret: str) -> str | None:
        """Whose it is; None if there is no such session any more."""
        session, now = self._sessions.get(secret), self._clock()
        if session is None:
            return None
        if now - session.used > self._idle or now - session.began > self._longest:
            self.end(secret)
            return None
        session.used = now
        self._sessions.move_to_end(secret)
        return session.name

    def end(self, secret: str) -> None:
        """Forgets one."""
        self._sessions.pop(secret, None)
