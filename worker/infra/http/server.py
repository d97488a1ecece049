"""Answers probes and scrapes, from a thread of its own: also when the event loop is stuck."""

import json
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

SLOWEST_CLIENT_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """The reply to a GET."""

    status: HTTPStatus
    content_type: str
    body: bytes

    @classmethod
    def health(cls, problems: list[str]) -> Self:
        """200 where nothing is wrong, 503 with what is wrong."""
        status = HTTPStatus.SERVICE_UNAVAILABLE if problems else HTTPStatus.OK
        document = {"status": "failing" if problems else "ok", "problems": problems}
        return cls(status, "application/json", json.dumps(document).encode())


class HttpPortError(Exception):
    """Nobody can be answered there; the message says what to do."""


Routes = Mapping[str, Callable[[], Answer]]

_NOT_FOUND = Answer(HTTPStatus.NOT_FOUND, "text/plain", b"not found\n")


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, host: str, port: int, handler: type[BaseHTTPRequestHandler]) -> None:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        self.address_family = found[0][0]
        super().__init__((host, port), handler)

    def server_bind(self) -> None:
        if self.address_family == socket.AF_INET6:  # `::` serves IPv4 as well
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()

    def handle_error(self, *_: object) -> None:
        """A client that hangs up in the middle is its own affair: no traceback in the log."""


class HttpServer:
    """Serves a fixed set of paths while it is entered."""

    def __init__(self, host: str, port: int, routes: Routes) -> None:
        try:
            self._server = _Server(host, port, _handler_of(routes))
        except OSError as error:
            raise HttpPortError(
                f"cannot listen on {host}:{port}: {error.strerror or error}: "
                "see WORKER_HTTP_HOST and WORKER_HTTP_PORT"
            ) from None
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def port(self) -> int:
        """The port in use, also where 0 asked for any."""
        return int(self._server.server_address[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler_of(routes: Routes) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = SLOWEST_CLIENT_SECONDS

        def do_GET(self) -> None:
            self.wfile.write(self._answer_head().body)

        def do_HEAD(self) -> None:
            self._answer_head()

        def _answer_head(self) -> Answer:
            answer = routes.get(self.path.partition("?")[0], lambda: _NOT_FOUND)()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            return answer

        def log_message(self, *_: object) -> None:
            """Probes come every few seconds: not worth a line."""

    return Handler
