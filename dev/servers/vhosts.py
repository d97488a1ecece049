"""Fresh vhosts on a RabbitMQ to which we have administrator access."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol
from urllib.parse import quote, unquote, urlsplit

from dev.servers.errors import ServersUnavailableError
from dev.servers.local_ctl import LocalCtl
from dev.servers.management import ManagementApi
from dev.servers.ports import LOOPBACK

_LOCAL = frozenset({"localhost", "::1", LOOPBACK})


class VhostAdmin(Protocol):
    """Creates and deletes vhosts."""

    def create(self, vhost: str, user: str) -> None:
        """Create the vhost and grant the user all permissions in it."""

    def delete(self, vhost: str) -> None:
        """Delete the vhost with all its queues."""


@contextmanager
def fresh_vhost(rabbitmq_url: str, admin: VhostAdmin, name_prefix: str) -> Iterator[str]:
    """Create a vhost and yield its URL; delete it at the end."""
    name = f"{name_prefix}_{secrets.token_hex(4)}"
    url = urlsplit(rabbitmq_url)
    admin.create(name, unquote(url.username or "guest"))
    try:
        yield url._replace(path=f"/{quote(name)}").geturl()
    finally:
        admin.delete(name)


def find_admin(rabbitmq_url: str, management_url: str | None) -> VhostAdmin:
    """Choose how to create vhosts on this server."""
    api = ManagementApi.beside(rabbitmq_url, management_url)
    if api.answers():
        return api
    broker = urlsplit(rabbitmq_url)
    ctl = LocalCtl()
    if management_url is None and broker.hostname in _LOCAL and ctl.serves(broker.port or 5672):
        return ctl
    raise ServersUnavailableError(
        f"No vhost can be made on RabbitMQ at {broker.hostname}: {api.where} does not let us in;"
        " set TEST_RABBITMQ_MANAGEMENT_URL."
    )
