"""A network that fails on demand, between a client and a server on this machine."""

import select
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Literal, Self

from dev.servers.ports import free_port

LOOPBACK = "127.0.0.1"
_CHUNK_BYTES = 65_536
_LOOK_AGAIN_SECONDS = 0.05

Direction = Literal["to-server", "to-client"]

Sieve = Callable[[bytes], bytes]
"""What passes of the data that one connection carries to its client."""


class _Link:
    """One connection; each direction has its own thread."""

    def __init__(
        self, client: socket.socket, server: socket.socket, delay: float, sieve: Sieve
    ) -> None:
        self._sockets = {"to-server": server, "to-client": client}
        self._flowing = {"to-server": threading.Event(), "to-client": threading.Event()}
        self._closed = threading.Event()
        self.delay_seconds = delay
        self.thaw()
        for direction, source, target, passing in (
            ("to-server", client, server, bytes),
            ("to-client", server, client, sieve),
        ):
            arguments = (self._flowing[direction], source, target, passing)
            threading.Thread(target=self._carry, args=arguments, daemon=True).start()

    def freeze(self, directions: tuple[Direction, ...]) -> None:
        for direction in directions:
            self._flowing[direction].clear()

    def thaw(self) -> None:
        for flowing in self._flowing.values():
            flowing.set()

    def inject(self, data: bytes) -> None:
        """Sends data to the server as if from the client."""
        with suppress(OSError):
            self._sockets["to-server"].sendall(data)

    def cut(self) -> None:
        """Closes both ends, as a firewall that resets connections."""
        self._closed.set()
        for end in self._sockets.values():
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    @property
    def is_closed(self) -> bool:
        return self._closed.is_set()

    def _carry(
        self,
        flowing: threading.Event,
        source: socket.socket,
        target: socket.socket,
        sieve: Sieve,
    ) -> None:
        """Copies data; while frozen nothing is read, so no packet, close or reset passes."""
        with suppress(OSError, ValueError):
            while not self._closed.is_set():
                if not flowing.wait(_LOOK_AGAIN_SECONDS):
                    continue
                if not select.select([source], [], [], _LOOK_AGAIN_SECONDS)[0]:
                    continue
                if not flowing.is_set():
                    continue
                data = source.recv(_CHUNK_BYTES)
                if not data:
                    break
                self._closed.wait(self.delay_seconds)
                target.sendall(sieve(data))
        self.cut()


class TcpProxy:
    """Forwards connections from its own port to a server's port; the server may restart.

    Each connection gets a sieve of its own; by default all passes.
    """

    def __init__(self, server_port: int, make_sieve: Callable[[], Sieve] = lambda: bytes) -> None:
        self.port = free_port()
        self._server_port = server_port
        self._make_sieve = make_sieve
        self._links: list[_Link] = []
        self._lock = threading.Lock()
        self._delay_seconds = 0.0
        self._listener = socket.create_server((LOOPBACK, self.port), backlog=64)

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Refuses connections from now on, as a host whose server was killed."""
        with suppress(OSError):  # closed before
            self._listener.shutdown(socket.SHUT_RDWR)  # or `accept` would take one more
        self._listener.close()
        self.cut()

    def cut(self) -> int:
        """Cuts every connection; returns how many there were. New ones pass."""
        links = self._open_links()
        for link in links:
            link.cut()
        return len(links)

    def move(self, server_port: int) -> None:
        """Passes new connections on to another server; open ones stay."""
        self._server_port = server_port

    def freeze(self, *directions: Direction) -> int:
        """Makes every connection half-open, both ways by default; new ones pass."""
        links = self._open_links()
        for link in links:
            link.freeze(directions or ("to-server", "to-client"))
        return len(links)

    def thaw(self) -> None:
        for link in self._open_links():
            link.thaw()

    def slow_down(self, seconds: float) -> None:
        """Delays every packet of every connection by this long, each way."""
        self._delay_seconds = seconds
        for link in self._open_links():
            link.delay_seconds = seconds

    def inject(self, data: bytes) -> None:
        for link in self._open_links():
            link.inject(data)

    def _open_links(self) -> list[_Link]:
        with self._lock:
            self._links = [link for link in self._links if not link.is_closed]
            return list(self._links)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                if self._listener.fileno() < 0:
                    return
            else:
                self._connect(client)

    def _connect(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection((LOOPBACK, self._server_port))
        except OSError:
            client.close()
        else:
            with self._lock:
                self._links.append(_Link(client, server, self._delay_seconds, self._make_sieve()))
