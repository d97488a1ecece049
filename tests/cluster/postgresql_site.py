"""One RabbitMQ, and a PostgreSQL pair."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from dev.servers import PrivateRabbitMQ
from dev.servers.ports import LOOPBACK
from tests.cluster.postgresql_pair import PostgresPair
from tests.support.tcp_proxy import TcpProxy


@dataclass(frozen=True, slots=True)
class OneBroker:
    """The half of a site that stays as it is."""

    rabbitmq: PrivateRabbitMQ

    @property
    def publishers(self) -> int:
        return 1

    @property
    def rabbitmq_url(self) -> str:
        return self.rabbitmq.rabbitmq_url

    @property
    def worker_rabbitmq_url(self) -> str:
        return self.rabbitmq.rabbitmq_url

    def rabbitmq_url_for(self, publisher: int) -> str:  # noqa: ARG002 - there is one node for all
        return self.rabbitmq.rabbitmq_url

    def explain(self) -> str:
        names = "name", "messages", "messages_unacknowledged", "consumers"
        return self.rabbitmq.ctl("list_queues", *names)


@dataclass(frozen=True, slots=True)
class PairSite(OneBroker):
    """The drill itself asks the primary; the workers know both hosts, or an address that moves."""

    pair: PostgresPair
    address: TcpProxy

    @property
    def database_url(self) -> str:
        return self.pair.primary.database_url

    @property
    def worker_database_url(self) -> str:
        return self.pair.url_of_both

    @property
    def address_url(self) -> str:
        """One address, which leads to the first primary until it is moved."""
        url = urlsplit(self.database_url)
        user = url.netloc.rpartition("@")[0]
        return url._replace(netloc=f"{user}@{LOOPBACK}:{self.address.port}").geturl()
