"""Servers that may be broken: started for the drills alone, each behind a breakable network."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from dev.servers import PrivatePostgres, PrivateRabbitMQ, run_folder
from dev.servers.signals import ending_in_good_order
from tests.support.tcp_proxy import TcpProxy


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
    def proxied_database_url(self) -> str:
        return through(self.postgres_network, self.database_url)

    @property
    def proxied_rabbitmq_url(self) -> str:
        return through(self.rabbitmq_network, self.rabbitmq_url)


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


def through(proxy: TcpProxy, url: str) -> str:
    """The URL, with the proxy's address in place of the server's."""
    user, at, _ = url.rpartition("@")
    path = url.rpartition("/")[2]
    return f"{user}{at}127.0.0.1:{proxy.port}/{path}"
