"""Tries the servers of a URL one by one, each with its own time limit.

Drivers bound all of them together, so that a silent one takes the time of the others.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

from worker.infra.hosts import Host

T = TypeVar("T")


class NoServerError(OSError):
    """None of several servers can be used; the message says what each of them said."""


@dataclass(frozen=True, slots=True)
class Server:
    """One address of a host; the label is the host, and the address if the host has several."""

    host: Host
    address: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InTurn:
    """How the servers of one URL are tried; times in seconds."""

    variable: str
    order: Callable[[list[Server]], list[Server]]
    errors: tuple[type[Exception], ...]
    """After these the next server is tried; `OSError` is one of them."""
    in_brief: Callable[[BaseException], str]
    first_round: float
    """For each of several servers; twice as long in each further round. One alone gets all."""
    total: float

    async def connect(self, hosts: Sequence[Host], connect: Callable[[Server], Awaitable[T]]) -> T:
        """Connects to the first server that lets us.

        Raises:
            NoServerError: none does, or there is none.
            Exception: the error of the only server.
        """
        clock = asyncio.get_running_loop().time
        ends_at, seconds = clock() + self.total, self.first_round
        failures: dict[str, Exception] = {}
        while True:
            servers, unresolved = await _resolve(hosts, seconds if len(hosts) > 1 else self.total)
            failures |= unresolved
            is_alone = len(servers) + len(unresolved) == 1
            for server in self.order(servers):
                until = ends_at if is_alone else min(clock() + seconds, ends_at)
                try:
                    async with asyncio.timeout_at(until):
                        return await connect(server)
                except self.errors as error:
                    if is_alone:
                        raise
                    failures[server.label] = error
                if clock() >= ends_at:
                    break
            if clock() >= ends_at or not any(map(_is_silence, failures.values())):
                raise NoServerError(self._tell(failures))
            seconds *= 2

    def _tell(self, failures: dict[str, Exception]) -> str:
        """Who said what; servers that said the same are named together."""
        groups: dict[str, list[str]] = {}
        for label, error in sorted(failures.items()):  # in random order, each would be news
            said = "no answer" if _is_silence(error) else self.in_brief(error)
            groups.setdefault(said, []).append(label)
        told = "; ".join(f"{', '.join(labels)}: {said}" for said, labels in groups.items())
        return f"no host of {self.variable} can be used: {told}"


def _is_silence(error: Exception) -> bool:
    return isinstance(error, TimeoutError)


async def _resolve(
    hosts: Sequence[Host], seconds: float
) -> tuple[list[Server], dict[str, Exception]]:
    """All addresses of all hosts, and the errors of hosts that have none."""
    found = await asyncio.gather(*(_servers_of(host, seconds) for host in hosts))
    servers = chain.from_iterable(each for each in found if not isinstance(each, OSError))
    failures = zip(hosts, found, strict=True)
    return list(servers), {str(host): e for host, e in failures if isinstance(e, OSError)}


async def _servers_of(host: Host, seconds: float) -> list[Server] | OSError:
    if host.is_socket:
        return [Server(host, host.name, str(host))]
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(seconds):
            found = await loop.getaddrinfo(host.name, host.port, type=socket.SOCK_STREAM)
    except OSError as error:
        return error
    addresses = list(dict.fromkeys(str(address) for *_, (address, *_) in found))
    if len(addresses) == 1:
        return [Server(host, addresses[0], str(host))]
    return [Server(host, address, f"{host} ({address})") for address in addresses]
