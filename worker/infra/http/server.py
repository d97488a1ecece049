"""Serves probes and metrics from its own thread, to answer even if the event loop is stuck."""

import json
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


@dataclass(frozen=True, slots=True)
class Answer:
    """The response to a GET."""

    status: HTTPStatus
    content_type: str
    body: bytes

    @classmethod
    def health(cls, problems: list[str], pause: str | None = None) -> Self:
        """200 if there are no problems, otherwise 503 with a list of them; also tells a pause."""
        status = HTTPStatus.SERVICE_UNAVAILABLE if problems else HTTPStatus.OK
        document = {"status": "failing" if problems else "ok", "problems": problems}
        if pause is not None:
            document |= {"pause": pause} if problems else {"status": "paused", "pause": pause}
        return cls(status, "application/json", json.dumps(document).encode())


class HttpPortError(Exception):
    """The address cannot be used; the message says which settings to check."""


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
        """Ignores clients that disconnect early, instead of logging a traceback."""


class HttpServer:
    """Serves a fixed set of paths while the context is entered."""

    def __init__(self, host: str, port: int, routes: Routes, client_seconds: float) -> None:
        try:
            self._server = _Server(host, port, _handler_of(routes, client_seconds))
        except (OSError, UnicodeError) as error:  # no name of a host can be so long
            reason = getattr(error, "strerror", None) or error
            raise HttpPortError(
                f"cannot listen on {host}:{port}: {reason}: "
                "see WORKER_HTTP_HOST and WORKER_HTTP_PORT"
            ) from None
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def port(self) -> int:
        """The actual port, also if 0 was requested."""
        return int(self._server.server_address[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler_of(routes: Routes, client_seconds: float) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = client_seconds

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
            """Logs nothing: probes arrive every few seconds."""

    return Handler
