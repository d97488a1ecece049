"""Names and passwords become sessions."""

import asyncio
from dataclasses import dataclass

import structlog

from worker.console.auth.login_limit import LoginLimit
from worker.console.auth.passwords import PasswordHash
from worker.console.auth.sessions import Sessions
from worker.console.auth.users_file import NAME, UsersFile

_log = structlog.get_logger(__name__)
_LONGEST_PASSWORD = 1000


@dataclass(frozen=True, slots=True)
class Logins:
    """One password is looked at at a time: each takes memory and a core.

    `nobody` is compared where there is no such user, so that it takes as long.
    """

    users: UsersFile
    sessions: Sessions
    limit: LoginLimit
    turn: asyncio.Semaphore
    nobody: PasswordHash

    async def log_in(self, address: str, name: str, password: str) -> str | None:
        """The secret of a new session; None if name or password is wrong.

        Raises:
            TooManyLoginsError: the password was not looked at.
        """
        if not NAME.fullmatch(name):
            name = ""  # the limit remembers names: one that nobody can have may be of a megabyte
        self.limit.spend(address, name)
        user = self.users.find(name)
        kept = self.nobody if user is None else user.password
        async with self.turn:
            matches = await asyncio.to_thread(kept.matches, password[:_LONGEST_PASSWORD])
        if user is None or not matches:
            # A name that nobody has may be a password in the wrong field: it is not logged.
            _log.warning("login refused", user=user and user.name, address=address)
            return None
        self.limit.give_back(address, name)
        _log.info("logged in", user=user.name, address=address)
        return self.sessions.begin(user.name)
