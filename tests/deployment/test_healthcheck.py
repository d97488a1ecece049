import os
import runpy
import subprocess
import sys
from collections.abc import Iterator

import pytest

from dev.servers.ports import free_port
from tests.deployment.files import ROOT
from worker.infra.http.server import Answer, HttpServer

SCRIPT = ROOT / "deploy" / "container" / "healthcheck.py"


@pytest.fixture
def problems() -> list[str]:
    """What the worker says is wrong with it."""
    return []


@pytest.fixture
def port(problems: list[str]) -> Iterator[int]:
    """Where the worker answers."""
    routes = {"/health/live": lambda: Answer.health(problems)}
    with HttpServer("127.0.0.1", 0, routes, 5) as server:
        yield server.port


def check_health(**variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-S", str(SCRIPT)]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WORKER_")}
    return subprocess.run(
        command, env={**environment, **variables}, capture_output=True, text=True, check=False
    )


def test_a_worker_that_lives_is_healthy(port: int) -> None:
    assert check_health(WORKER_HTTP_PORT=str(port)).returncode == 0


def test_a_worker_that_is_stuck_is_not_and_the_reason_is_told(
    port: int, problems: list[str]
) -> None:
    problems.append("the event loop has been stuck for 42 s")
    check = check_health(WORKER_HTTP_PORT=str(port))
    assert check.returncode == 1
    assert "stuck for 42 s" in check.stderr


def test_where_nobody_answers_nobody_is_healthy() -> None:
    check = check_health(WORKER_HTTP_PORT=str(free_port()))
    assert check.returncode == 1
    assert "refused" in check.stderr


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::", "127.0.0.1"])
def test_the_worker_is_found_on_whichever_interface_it_answers(host: str, port: int) -> None:
    assert check_health(WORKER_HTTP_HOST=host, WORKER_HTTP_PORT=str(port)).returncode == 0


def test_a_proxy_of_the_environment_is_not_asked(port: int) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    assert check_health(WORKER_HTTP_PORT=str(port), http_proxy=nowhere).returncode == 0


@pytest.mark.parametrize("text", [' "{}" ', "'{}'", "{} "])
def test_the_port_is_read_as_the_worker_reads_it(text: str, port: int) -> None:
    assert check_health(WORKER_HTTP_PORT=text.format(port)).returncode == 0


@pytest.mark.parametrize(("port", "url"), [("", ":8080/"), ("x", ":x/")])
def test_an_empty_port_is_the_default_and_a_wrong_one_no_traceback(
    port: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKER_HTTP_PORT", port)

    assert url in runpy.run_path(str(SCRIPT))["health_url"]()
    assert "Traceback" not in check_health(WORKER_HTTP_PORT="x").stderr
