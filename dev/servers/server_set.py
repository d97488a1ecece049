"""Servers, with fresh databases and vhosts on them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from dev.servers.database import fresh_database
from dev.servers.vhosts import VhostAdmin, fresh_vhost


@dataclass(frozen=True, slots=True)
class Servers:
    """The URLs of a fresh database and a fresh vhost, whose users have all rights there."""

    database_url: str
    rabbitmq_url: str


@dataclass(frozen=True, slots=True)
class ServerSet:
    """A running PostgreSQL and RabbitMQ, with their administrators' URLs."""

    database_url: str
    rabbitmq_url: str
    vhosts: VhostAdmin

    @contextmanager
    def fresh(self, name_prefix: str) -> Iterator[Servers]:
        """Yield a fresh database and a fresh vhost."""
        with (
            self.fresh_database(name_prefix) as database_url,
            self.fresh_vhost(name_prefix) as rabbitmq_url,
        ):
            yield Servers(database_url, rabbitmq_url)

    @contextmanager
    def fresh_database(self, name_prefix: str) -> Iterator[str]:
        """Yield the URL of a fresh database."""
        with fresh_database(self.database_url, name_prefix) as url:
            yield url

    @contextmanager
    def fresh_vhost(self, name_prefix: str) -> Iterator[str]:
        """Yield the URL of a fresh vhost."""
        with fresh_vhost(self.rabbitmq_url, self.vhosts, name_prefix) as url:
            yield url
