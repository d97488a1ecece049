"""Listens and serves until it is told to stop."""

import asyncio
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from typing_extensions import override

from worker.console.app import create_app
from worker.console.console_settings import ConsoleSettings
from worker.dead_letters.jobs.hosting import JobHost
from worker.infra.db.engine import database
from worker.infra.durations import DEFAULT_DURATIONS
from worker.infra.http.server import HttpPortError
from worker.infra.telemetry.vital_signs import beside
from worker.settings import Settings

_STARTED = "console: http://{host}:{port}/"


def serve(settings: Settings, console_settings: ConsoleSettings) -> None:
    """Serves; says on stdout where.

    Raises:
        HttpPortError: the address cannot be used.
    """
    app = create_app(settings, console_settings)
    host = console_settings.console_host
    with _listen(host, console_settings.console_port) as listener:
        config = uvicorn.Config(
            app,
            access_log=False,
            h11_max_incomplete_event_size=64 * 1024,
            http="h11",
            lifespan="off",
            limit_concurrency=200,
            log_config=None,
            loop="asyncio",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=5,
            timeout_keep_alive=15,
            ws="none",
        )
        told = f"[{host}]" if ":" in host else host
        print(_STARTED.format(host=told, port=listener.getsockname()[1]), flush=True)  # noqa: T201 - for the person who started it
        asyncio.run(_serve(_Server(config), listener, settings))


class _Server(uvicorn.Server):
    """Leaves signals to its caller: uvicorn would raise them again at the end."""

    @override
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _serve(server: uvicorn.Server, listener: socket.socket, settings: Settings) -> None:
    """Until a signal; the second one does not wait for open requests.

    Jobs run here, too: what somebody starts in the console needs no worker to go on.
    """
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.handle_exit, number, None)
    async with (
        database(settings.current_database_url) as (_, sessions),
        beside(JobHost(settings, DEFAULT_DURATIONS).run(sessions)),
    ):
        await server.serve(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        return socket.create_server((host, port), family=found[0][0], backlog=128)
    except OSError as error:
        raise HttpPortError(
            f"cannot listen on {host}:{port}: {error.strerror or error}: "
            "see CONSOLE_HOST and CONSOLE_PORT"
        ) from None
