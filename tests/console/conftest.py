import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from dev.servers import Servers
from tests.conftest import ROOT
from tests.dlq.conftest import RETRY_DELAYS, SHORT, dead_letters, dlq, dlq_json
from worker.console.app import create_app
from worker.console.console_settings import ConsoleSettings
from worker.settings import Settings

__all__ = ["dead_letters", "dlq", "dlq_json"]

HERE = "http://localhost:8090"

Browse = Callable[..., httpx.AsyncClient]
Start = Callable[..., tuple[subprocess.Popen[str], str]]


@pytest.fixture
def start_console(empty: Servers) -> Iterator[Start]:
    """Starts consoles on a free port, and kills them at the end of the test."""
    started = []

    def start(**variables: str) -> tuple[subprocess.Popen[str], str]:
        urls = {"DATABASE_URL": empty.database_url, "RABBITMQ_URL": empty.rabbitmq_url}
        process = subprocess.Popen(
            [sys.executable, "-m", "worker", "console", "--port", "0"],
            env=os.environ | urls | variables,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        told = re.fullmatch(r"console: (http://\S+)/\n", process.stdout.readline())
        assert told, process.stderr and process.stderr.read()
        return process, told[1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
async def browse(empty: Servers) -> AsyncIterator[Browse]:
    """Makes browsers, each of a console of its own in this process, on the test's servers."""
    async with AsyncExitStack() as browsers:

        def browse(
            *, address: str = "127.0.0.1", headers: dict[str, str] | None = None, **settings: Any
        ) -> httpx.AsyncClient:
            app = create_console(empty, **settings)
            browser = open_browser(app, address, headers)
            browsers.push_async_callback(browser.aclose)
            return browser

        yield browse


@pytest.fixture
def browser(browse: Browse) -> httpx.AsyncClient:
    """Of the person at this machine, who may do everything."""
    return browse()


def create_console(servers: Servers, **settings: Any) -> Any:
    """The console on these servers."""
    worker = Settings.model_validate(
        {
            "database_url": servers.database_url,
            "rabbitmq_url": servers.rabbitmq_url,
            "worker_retry_delays": RETRY_DELAYS,
        }
    )
    clock = {"clock": settings.pop("clock")} if "clock" in settings else {}
    told = {f"console_{name}": value for name, value in settings.items()}
    return create_app(worker, ConsoleSettings(**told), durations=SHORT, **clock)


def open_browser(
    app: Any, address: str = "127.0.0.1", headers: dict[str, str] | None = None
) -> httpx.AsyncClient:
    """A browser at an address, for a console in this process."""
    transport = httpx.ASGITransport(app, client=(address, 50_000))
    return httpx.AsyncClient(transport=transport, base_url=HERE, headers=headers)
