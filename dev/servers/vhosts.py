"""Fresh vhosts on any RabbitMQ whose administrator we are."""

import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol
from urllib.parse import quote, unquote, urlsplit

from dev.servers.errors import ServersUnavailableError
from dev.servers.management import ManagementApi
from dev.servers.ports import LOOPBACK


class VhostAdmin(Protocol):
    """Someone who can make vhosts."""

    def create(self, vhost: str, user: str) -> None:
        """Create the vhost and let the user do everything in it."""

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
    """Choose how to make vhosts on a server that was given to us."""
    api = ManagementApi.beside(rabbitmq_url, management_url)
    if api.answers():
        return api
    host = urlsplit(rabbitmq_url).hostname
    if (
        management_url is None
        and host in {"localhost", LOOPBACK, "::1"}
        and shutil.which("rabbitmqctl")
    ):
        return LocalCtl()
    raise ServersUnavailableError(
        f"RabbitMQ at {host} cannot be given a vhost: {api.where} does not let us in;"
        " set TEST_RABBITMQ_MANAGEMENT_URL."
    )


class LocalCtl:
    """Makes vhosts with `rabbitmqctl` on this machine's RabbitMQ: one to two seconds each."""

    def create(self, vhost: str, user: str) -> None:
        """Create the vhost and let the user do everything in it."""
        self._run("add_vhost", vhost)
        self._run("set_permissions", "-p", vhost, user, ".*", ".*", ".*")

    def delete(self, vhost: str) -> None:
        """Delete the vhost with all its queues."""
        self._run("delete_vhost", vhost)

    def _run(self, *arguments: str) -> None:
        done = subprocess.run(
            ["rabbitmqctl", "--silent", *arguments], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise ServersUnavailableError(
                f"rabbitmqctl {arguments[0]} failed: {(done.stderr or done.stdout).strip()}"
            )
