"""What callers get: servers, and fresh places on them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from dev.servers.database import fresh_database
from dev.servers.vhosts import VhostAdmin, fresh_vhost


@dataclass(frozen=True, slots=True)
class Servers:
    """The URLs of a fresh database and a fresh vhost, whose users may do everything there."""

    database_url: str
    rabbitmq_url: str


@dataclass(frozen=True, slots=True)
class ServerSet:
    """A PostgreSQL and a RabbitMQ that are up. The URLs are those of their administrators."""

    database_url: str
    rabbitmq_url: str
    vhosts: VhostAdmin

    @contextmanager
    def fresh(self, name_prefix: str) -> Iterator[Servers]:
        """Yield a database and a vhost that nobody else uses."""
        with (
            self.fresh_database(name_prefix) as database_url,
            self.fresh_vhost(name_prefix) as rabbitmq_url,
        ):
            yield Servers(database_url, rabbitmq_url)

    @contextmanager
    def fresh_database(self, name_prefix: str) -> Iterator[str]:
        """Yield the URL of a database that nobody else uses."""
        with fresh_database(self.database_url, name_prefix) as url:
            yield url

    @contextmanager
    def fresh_vhost(self, name_prefix: str) -> Iterator[str]:
        """Yield the URL of a vhost that nobody else uses."""
        with fresh_vhost(self.rabbitmq_url, self.vhosts, name_prefix) as url:
            yield url
