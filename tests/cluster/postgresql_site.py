"""The servers of a drill with a PostgreSQL pair: one RabbitMQ, two PostgreSQL."""

from dataclasses import dataclass

from typing_extensions import override

from tests.cluster.postgresql_pair import PostgresPair
from tests.faults.site import Site, through


@dataclass(frozen=True, slots=True)
class PairSite(Site):
    """The drill itself asks the primary; the workers know both hosts."""

    pair: PostgresPair

    @property
    @override
    def database_url(self) -> str:
        return self.pair.primary.database_url

    @property
    @override
    def proxied_database_url(self) -> str:
        return self.pair.url_of_both

    @property
    def address_url(self) -> str:
        """One address, which leads to the first primary until it is moved."""
        return through(self.postgres_network, self.database_url)
