"""Servers that may be broken: started for the drills alone, each behind a breakable network."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from dev.servers import PrivatePostgres, PrivateRabbitMQ, run_folder
from dev.servers.signals import ending_in_good_order
from tests.support.tcp_proxy import TcpProxy


class DrillSite(Protocol):
    """What a drill needs of the servers, whichever they are.

    The URLs are asked for each time: after a failover they may be others.
    """

    @property
    def database_url(self) -> str:
        """As the drill itself reaches it."""

    @property
    def rabbitmq_url(self) -> str:
        """As the drill itself reaches it."""

    @property
    def worker_database_url(self) -> str:
        """As the workers reach it."""

    @property
    def worker_rabbitmq_url(self) -> str:
        """As the workers reach it."""

    def explain(self) -> str:
        """The state of the queues, for whoever reads why a drill failed."""


@dataclass(frozen=True, slots=True)
class Site:
    """Two servers, and a proxy before each through which the workers go."""

    postgres: PrivatePostgres
    rabbitmq: PrivateRabbitMQ
    postgres_network: TcpProxy
    rabbitmq_network: TcpProxy

    @property
    def database_url(self) -> str:
        """As the drill itself reaches it: never through the proxy."""
        return self.postgres.database_url

    @property
    def rabbitmq_url(self) -> str:
        return self.rabbitmq.rabbitmq_url

    @property
    def worker_database_url(self) -> str:
        return _through(self.postgres_network, self.database_url)

    @property
    def worker_rabbitmq_url(self) -> str:
        return _through(self.rabbitmq_network, self.rabbitmq_url)

    def restore(self) -> None:
        """Starts what a drill that failed left stopped: the next one is not to fail with it."""
        for server in (self.postgres, self.rabbitmq):
            if not server.running:
                server.start()

    def explain(self) -> str:
        queues = self.rabbitmq.ctl("list_queues", "name", "messages", "consumers")
        return f"{queues}\n{self.rabbitmq.ctl('list_consumers')}"


@contextmanager
def open_site() -> Iterator[Site]:
    with ExitStack() as stack:
        stack.enter_context(ending_in_good_order())
        folder = stack.enter_context(run_folder())
        rabbitmq = PrivateRabbitMQ(folder / "rabbitmq")
        postgres = PrivatePostgres(folder / "postgres")
        rabbitmq.launch()
        postgres.start()
        rabbitmq.wait_ready()
        networks = [
            stack.enter_context(TcpProxy(urlsplit(url).port or 0))
            for url in (postgres.database_url, rabbitmq.rabbitmq_url)
        ]
        yield Site(postgres, rabbitmq, *networks)


def _through(proxy: TcpProxy, url: str) -> str:
    user, at, _ = url.rpartition("@")
    path = url.rpartition("/")[2]
    return f"{user}{at}127.0.0.1:{proxy.port}/{path}"
