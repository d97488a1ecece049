"""A RabbitMQ cluster and one PostgreSQL."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from dev.servers import PrivatePostgres, run_folder
from dev.servers.signals import ending_in_good_order
from tests.cluster.rabbitmq_cluster import SIZE, RabbitMQCluster


@dataclass(frozen=True, slots=True)
class RabbitMQSite:
    cluster: RabbitMQCluster
    postgres: PrivatePostgres
    publishers: int = SIZE

    @property
    def database_url(self) -> str:
        return self.postgres.database_url

    @property
    def worker_database_url(self) -> str:
        return self.postgres.database_url

    @property
    def rabbitmq_url(self) -> str:
        return self.rabbitmq_url_for(0)

    @property
    def worker_rabbitmq_url(self) -> str:
        return self.cluster.url

    def rabbitmq_url_for(self, publisher: int) -> str:
        """The publisher's own node, or another one while that is away."""
        nodes = self.cluster.nodes
        in_turn = [*nodes[publisher:], *nodes[:publisher]]
        usable = [node for node in in_turn if node in self.cluster.usable]
        return (usable or in_turn)[0].rabbitmq_url

    def explain(self) -> str:
        if not self.cluster.usable:
            return "no node answers"
        names = "name", "leader", "members", "online", "messages", "messages_ready", "consumers"
        return f"{self.cluster.ctl('list_queues', *names)}\n{self.cluster.ctl('list_consumers')}"


@contextmanager
def open_rabbitmq_site() -> Iterator[RabbitMQSite]:
    with ExitStack() as stack:
        stack.enter_context(ending_in_good_order())
        folder = stack.enter_context(run_folder())
        cluster = RabbitMQCluster(folder)
        postgres = PrivatePostgres(folder / "postgres")
        postgres.start()
        cluster.start()
        yield RabbitMQSite(cluster, postgres)
