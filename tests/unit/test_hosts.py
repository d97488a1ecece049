from dataclasses import astuple

import pytest

from worker.infra.hosts import Host, hosts_of, vhost_of, with_host


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("amqp://user:pass@one/", [("one", 5672)]),
        ("amqp://us%2Cer:pa%40ss@one:5673,two/vhost", [("one", 5673), ("two", 5672)]),
        ("amqps://one,[::1]:5672?heartbeat=5", [("one", 5671), ("::1", 5672)]),
        ("amqp://user:pass@/vhost", [("localhost", 5672)]),
        ("amqp:///", [("localhost", 5672)]),
        ("postgresql://user@one:5433,two/name", [("one", 5433), ("two", None)]),
        ("postgresql://user@[::1]/name?host=ignored", [("::1", None)]),
        ("postgresql:///name?host=one,two&port=5433,5434", [("one", 5433), ("two", 5434)]),
        ("postgresql:///name?host=one,two:6&port=5433", [("one", 5433), ("two", 6)]),
        ("postgresql:///name?host=/var/run/postgresql", [("/var/run/postgresql", None)]),
        ("postgresql://user@%2Fvar%2Frun/name", [("/var/run", None)]),
        ("postgresql:///name", []),
        ("postgresql://user@/name", []),
    ],
)
def test_the_hosts_of_a_url_are_read_as_their_servers_clients_do(
    url: str, hosts: list[tuple[str, int | None]]
) -> None:
    assert [astuple(host) for host in hosts_of(url)] == hosts


def test_a_host_reads_as_in_a_url() -> None:
    told = [str(Host(*each)) for each in (("one", 5), ("::1", 5), ("two", None), ("/var/run", 5))]

    assert told == ["one:5", "[::1]:5", "two", "/var/run"]


def test_one_host_takes_the_place_of_all() -> None:
    url = "amqps://user:pa%2Css@one:1,[::1]:2/%2Fvhost?cafile=/etc/ca.pem"

    assert with_host(url, "::2", 3) == "amqps://user:pa%2Css@[::2]:3/%2Fvhost?cafile=/etc/ca.pem"


@pytest.mark.parametrize(
    ("url", "vhost"),
    [
        ("amqp://one:1,two:2/%2Fname", "/name"),
        ("amqp://one,two/name?heartbeat=1", "name"),
        ("amqp://one/", "/"),
        ("amqp://one", "/"),
        ("amqp://one/%2F", "/"),
    ],
)
def test_the_vhost_is_what_is_behind_the_hosts(url: str, vhost: str) -> None:
    assert vhost_of(url) == vhost
