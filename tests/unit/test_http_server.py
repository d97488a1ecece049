"""Probes and scrapes over whatever address family and method a prober uses."""

import http.client
import socket
from collections.abc import Iterator
from http import HTTPStatus

import pytest

from worker.infra.http.server import Answer, HttpPortError, HttpServer, Routes

CLIENT_SECONDS = 5.0
ROUTES: Routes = {"/health/live": lambda: Answer(HTTPStatus.OK, "text/plain", b"fine\n")}


@pytest.fixture(params=["127.0.0.1", "::1"])
def address(request: pytest.FixtureRequest) -> str:
    """Of a loopback interface that this machine has."""
    address: str = request.param
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.bind((address, 0))
    return address


@pytest.fixture
def everywhere() -> Iterator[HttpServer]:
    with HttpServer("::", 0, ROUTES, CLIENT_SECONDS) as server:
        yield server


def ask(method: str, address: str, port: int) -> tuple[int, bytes, str | None]:
    connection = http.client.HTTPConnection(address, port, timeout=5)
    connection.request(method, "/health/live")
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body, answer.getheader("Content-Length")


def test_one_address_is_served_whatever_its_family(address: str) -> None:
    with HttpServer(address, 0, ROUTES, CLIENT_SECONDS) as server:
        assert ask("GET", address, server.port) == (200, b"fine\n", "5")


def test_the_ipv6_wildcard_serves_both_families(everywhere: HttpServer, address: str) -> None:
    assert ask("GET", address, everywhere.port) == (200, b"fine\n", "5")


def test_head_is_answered_like_get_without_the_body(everywhere: HttpServer, address: str) -> None:
    assert ask("HEAD", address, everywhere.port) == (200, b"", "5")


@pytest.mark.parametrize("host", ["a..b", "x" * 64])
def test_a_host_that_cannot_be_a_name_is_told(host: str) -> None:
    with pytest.raises(HttpPortError, match=f"cannot listen on {host}:0: .*see WORKER_HTTP_HOST"):
        HttpServer(host, 0, ROUTES, CLIENT_SECONDS)


def test_a_host_name_is_served() -> None:
    with HttpServer("localhost", 0, ROUTES, CLIENT_SECONDS) as server:
        assert ask("GET", "localhost", server.port)[0] == HTTPStatus.OK
