"""Three ways to say who visits: nobody else can, a proxy tells, or they log in."""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Protocol

from starlette.requests import Request
from typing_extensions import override

from worker.console.auth.refusals import NotSignedInError, RefusedError
from worker.console.auth.rights import ALL, ONLY_LOOK, Rights
from worker.console.auth.sessions import Sessions
from worker.console.auth.users_file import UsersFile
from worker.console.auth.visitor import Visitor
from worker.infra.printable import printable

Network = IPv4Network | IPv6Network
COOKIE = "inventory-console"
_LONGEST_NAME = 200


class Gate(Protocol):
    """Tells who a request comes from."""

    def admit(self, request: Request) -> Visitor:
        """The visitor.

        Raises:
            NotSignedInError: nobody says who it is.
            RefusedError: it may not come this way.
        """
        ...


class LoopbackGate(Gate):
    """The person at this machine may do everything; only for a loopback address."""

    def __init__(self, name: str, host: str) -> None:
        self._visitor = Visitor(name, ALL, binding="")
        self._hosts = {"127.0.0.1", "::1", "localhost", host.lower()}

    @override
    def admit(self, request: Request) -> Visitor:
        """Refuses foreign names, which a web site could give to this address in DNS."""
        if (request.url.hostname or "").lower() not in self._hosts:
            raise RefusedError("the console without logins answers to loopback names alone")
        return self._visitor


class ProxyGate(Gate):
    """A proxy has signed the person in, and says so in headers."""

    def __init__(
        self,
        user_header: str,
        groups_header: str | None,
        group_rights: Mapping[str, Rights],
        trusted: Sequence[Network],
    ) -> None:
        self._user_header = user_header
        self._groups_header = groups_header
        self._group_rights = group_rights
        self._trusted = trusted

    @override
    def admit(self, request: Request) -> Visitor:
        if not is_trusted(request, self._trusted):
            raise RefusedError("the console answers to its proxy alone")
        names = request.headers.getlist(self._user_header)
        if len(names) != 1 or not (name := names[0].strip()):
            raise NotSignedInError(f"the proxy says nobody's name in {self._user_header}")
        name = printable(name)[:_LONGEST_NAME]
        return Visitor(name, self._rights(request), binding=f"proxy {name}")

    def _rights(self, request: Request) -> Rights:
        values = [] if self._groups_header is None else request.headers.getlist(self._groups_header)
        groups = [group.strip() for value in values for group in value.split(",")]
        given = (self._group_rights[group] for group in groups if group in self._group_rights)
        return ONLY_LOOK.union(*given)


class LoginGate(Gate):
    """The person has logged in."""

    def __init__(self, users: UsersFile, sessions: Sessions) -> None:
        self._users = users
        self._sessions = sessions

    @override
    def admit(self, request: Request) -> Visitor:
        secret = request.cookies.get(COOKIE, "")
        name = self._sessions.find(secret)
        user = None if name is None else self._users.find(name)
        if user is None:
            raise NotSignedInError("log in first")
        return Visitor(user.name, user.rights, binding=secret, has_session=True)


def is_trusted(request: Request, networks: Sequence[Network]) -> bool:
    """Tells whether the other end of the connection is in one of these networks."""
    try:
        address = ip_address(request.client.host if request.client else "")
    except ValueError:  # a socket of this machine, or an address with a zone
        return False
    return any(address in network for network in networks)
