"""A node that a partition cut off: clients get in, but get no answer that needs the other nodes."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from dev.servers.ports import LOOPBACK
from tests.support.hosts import host_of, with_hosts
from tests.support.tcp_proxy import TcpProxy

EXCHANGE_DECLARE_OK = bytes((0, 40, 0, 11))
CONFIRM = bytes((0, 60, 0, 80))


@contextmanager
def muted_node(rabbitmq_url: str, answer: bytes) -> Iterator[str]:
    """A URL with two ways to one node; by the first of them an answer never arrives.

    An answer is the class and the method in its frame.
    """

    def sieve(data: bytes) -> bytes:
        return b"" if answer in data else data

    with TcpProxy(urlsplit(rabbitmq_url).port or 5672, lambda: sieve) as network:
        yield with_hosts(rabbitmq_url, f"{LOOPBACK}:{network.port}", host_of(rabbitmq_url))
