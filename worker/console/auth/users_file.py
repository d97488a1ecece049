"""The users of the console, a line each: `name:look,replay:scrypt$…`."""

import re
from dataclasses import dataclass
from pathlib import Path

from worker.console.auth.passwords import PasswordHash
from worker.console.auth.rights import Right, Rights, parse_rights, told

NAME = re.compile(r"[^\s:#,]{1,64}")


class UsersFileError(OSError):
    """The file cannot be read, or a line of it is wrong."""


@dataclass(frozen=True, slots=True)
class User:
    """A person who may log in."""

    name: str
    rights: Rights
    password: PasswordHash

    def __str__(self) -> str:
        return f"{self.name}:{told(self.rights)}:{self.password}"


class UsersFile:
    """Read again whenever it has changed: who is taken out of it is out at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int, int] | None = None
        self._users: dict[str, User] = {}

    def find(self, name: str) -> User | None:
        """A user.

        Raises:
            UsersFileError: the file cannot be read.
        """
        return self.read().get(name)

    def read(self) -> dict[str, User]:
        """All users by name.

        Raises:
            UsersFileError: the file cannot be read.
        """
        try:
            status = self._path.stat()
            stamp = status.st_mtime_ns, status.st_size, status.st_ino
            if stamp != self._stamp:
                self._users = _parse(self._path.read_text("utf-8"))
                self._stamp = stamp
        except (OSError, ValueError) as error:
            raise UsersFileError(f"CONSOLE_USERS_FILE: {self._path}: {error}") from None
        return self._users


def _parse(text: str) -> dict[str, User]:
    users = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if (told_ := line.strip()) and not told_.startswith("#"):
            try:
                user = _parse_line(told_)
            except ValueError as wrong:
                raise ValueError(f"line {number}: {wrong}") from None
            users[user.name] = user
    return users


def _parse_line(line: str) -> User:
    """Errors quote nothing of the line: a password may be in the wrong place."""
    name, *rest = line.split(":")
    if len(rest) != 2 or NAME.fullmatch(name) is None:  # noqa: PLR2004 - rights and hash
        raise ValueError("is not as `inventory-worker console-user` prints it")
    try:
        rights = parse_rights(rest[0])
    except ValueError:
        raise ValueError(f"its second part is no list of rights: {', '.join(Right)}") from None
    try:
        return User(name, rights, PasswordHash.parse(rest[1]))
    except ValueError:
        raise ValueError("its third part is no hash of a password") from None
