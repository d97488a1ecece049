"""One RabbitMQ, and PostgreSQL as Patroni keeps it."""

from dataclasses import dataclass

from tests.cluster.cluster_drill import ClusterDrill
from tests.cluster.patroni_cluster import PatroniCluster
from tests.cluster.postgresql_site import OneBroker


@dataclass(frozen=True, slots=True)
class PatroniSite(OneBroker):
    patroni: PatroniCluster

    @property
    def database_url(self) -> str:
        return self.patroni.url_of_both

    @property
    def worker_database_url(self) -> str:
        return self.patroni.url_of_both


PatroniDrill = ClusterDrill[PatroniSite]
