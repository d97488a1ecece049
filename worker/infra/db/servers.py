"""Connects to one of the PostgreSQL servers that a URL names."""

import asyncio
from asyncio import AbstractEventLoop, Protocol, Transport
from collections.abc import Callable, Mapping
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit
from weakref import WeakSet

import asyncpg
import structlog
from asyncpg.exceptions import TargetServerAttributeNotMatched
from sqlalchemy.ext.asyncio import AsyncConnection

from worker.infra.db.errors import OtherServerWantedError, in_brief, naming_database
from worker.infra.durations import DEFAULT_DURATIONS, Durations
from worker.infra.hosts import Host, hosts_of, with_host
from worker.infra.in_turn import InTurn, NoServerError, Server
from worker.infra.server_urls import ServerUrl

SINCE_POSTGRESQL_17 = "transaction_timeout"
"""An older server lets nobody in who sets it."""

_REFUSED_AS = {
    "primary": "it is a standby in recovery",
    "standby": "it is no standby",
    "read-write": "it is read-only",
    "read-only": "it is not read-only",
}

_log = structlog.get_logger(__name__)


class Connection(asyncpg.Connection):
    """Knows the server that it is connected to."""

    __slots__ = ("server",)
    server: str


class Servers:
    """The servers of a URL, in its order, after the one that was used last.

    asyncpg bounds all hosts of a URL together, and knows no address apart from a name, so each
    attempt gets one address and its own time.
    """

    def __init__(
        self,
        url: ServerUrl,
        settings: Mapping[str, str],
        answer_seconds: float | None,
        durations: Durations = DEFAULT_DURATIONS,
    ) -> None:
        self._url = url
        self._settings = {k: v for k, v in settings.items() if k != SINCE_POSTGRESQL_17}
        self._bound = settings.get(SINCE_POSTGRESQL_17)
        self._answer_seconds = answer_seconds
        self._used = ""
        self._open: WeakSet[Connection] = WeakSet()
        self._turns = InTurn(
            variable="DATABASE_URL",
            order=lambda servers: sorted(servers, key=lambda server: server.label != self._used),
            errors=(OSError, asyncpg.PostgresError, asyncpg.InterfaceError),
            in_brief=in_brief,
            first_round=durations.first_round,
            total=durations.database_connect,
        )

    async def connect(self) -> Connection:
        """Connects to the first server that lets us and is what the URL asks for.

        Raises:
            NoServerError: none does.
            OtherServerWantedError: the only one is not what the URL asks for.
        """
        url = self._url()
        with naming_database(url):
            connection = await self._connect(url, hosts_of(url), wanted_of(url))
        if self._used not in {"", connection.server}:
            _log.info("connected to another PostgreSQL server", server=connection.server)
            self._leave_others(connection.server)
        self._used = connection.server
        self._open.add(connection)
        if self._bound is not None and connection.get_server_version() >= (17,):
            await connection.execute(f"SET {SINCE_POSTGRESQL_17} = '{self._bound}'")
        return connection

    def _leave_others(self, server: str) -> None:
        """Ends the sessions of other servers: a frozen one would answer none of its statements."""
        for connection in self._open:
            if connection.server != server:
                connection.terminate()

    async def _connect(self, url: str, hosts: list[Host], wanted: str) -> Connection:
        if wanted == "prefer-standby":
            try:
                return await self._connect(url, hosts, "standby")
            except (NoServerError, OtherServerWantedError):
                wanted = "any"
        if not hosts:
            async with asyncio.timeout(self._turns.total):
                return await self._reach(url, None, wanted)
        connection = await self._turns.connect(
            hosts, lambda server: self._reach(url, server, wanted)
        )
        if wanted == "primary" and len(hosts) > 1 and _only_reads(connection):
            return await self._connect_to_writable(url, hosts, connection)
        return connection

    async def _connect_to_writable(
        self, url: str, hosts: list[Host], read_only: Connection
    ) -> Connection:
        """Prefers a primary that writes: one that only reads may have been replaced."""
        try:
            writable = await self._connect(url, hosts, "read-write")
        except NoServerError:
            return read_only  # whose refusals tell what is wrong
        read_only.terminate()
        return writable

    async def _reach(self, url: str, server: Server | None, wanted: str) -> Connection:
        options: dict[str, Any] = {
            **_place_of(server),
            "target_session_attrs": wanted,
            "command_timeout": self._answer_seconds,
            "server_settings": self._settings,
            "timeout": self._turns.total,
        }
        dsn = with_host(url, "") if server else url
        try:
            connection = await asyncpg.connect(dsn, connection_class=Connection, **options)
        except TargetServerAttributeNotMatched:
            raise OtherServerWantedError(_REFUSED_AS[wanted]) from None
        connection.server = server.label if server else ""
        return connection


def _only_reads(connection: Connection) -> bool:
    """Whether the server says so of new transactions, as PostgreSQL does since 14."""
    return getattr(connection.get_settings(), "default_transaction_read_only", "off") == "on"


class _Pinned:
    """The event loop, which connects to one address whatever the host.

    asyncpg takes no address beside the name that TLS checks, but it takes a loop.
    """

    def __init__(self, loop: AbstractEventLoop, address: str) -> None:
        self._loop = loop
        self._address = address

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - all that a loop has
        return getattr(self._loop, name)

    async def create_connection(
        self,
        factory: Callable[[], Protocol],
        host: str,
        port: int,
        **options: Any,  # noqa: ANN401 - those of the loop
    ) -> tuple[Transport, Protocol]:
        if options.get("ssl"):
            options["server_hostname"] = host
        return await self._loop.create_connection(factory, self._address, port, **options)


def _place_of(server: Server | None) -> dict[str, Any]:
    if server is None:  # asyncpg knows where to look
        return {}
    place: dict[str, Any] = {"host": server.host.name, "port": server.host.port}
    if not server.host.is_socket:
        place["loop"] = cast(
            "AbstractEventLoop", _Pinned(asyncio.get_running_loop(), server.address)
        )
    return place


def wanted_of(url: str) -> str:
    """The kind of server that a URL asks for."""
    query = parse_qs(urlsplit(with_host(url, "")).query)
    return query.get("target_session_attrs", ["primary"])[-1]


async def server_of(connection: AsyncConnection) -> str:
    """The server of a connection that `Servers` made."""
    raw = await connection.get_raw_connection()
    return cast("Connection", raw.driver_connection).server
