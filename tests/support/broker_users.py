"""A user of the broker with a vhost, whose ways in an operator closes one by one."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from dev.servers import ServerSet, ServersUnavailableError
from dev.servers.management import ManagementApi

EVERYTHING = {"configure": ".*", "write": ".*", "read": ".*"}


@dataclass(frozen=True, slots=True)
class BrokerUser:
    """A user with all rights in one vhost."""

    api: ManagementApi
    where: str
    name: str
    vhost: str
    password: str = "secret"

    @property
    def url(self) -> str:
        return self.url_with()

    def url_with(self, *, password: str = "", vhost: str = "") -> str:
        """The URL of the user, perhaps with another password or vhost."""
        credentials = f"{self.name}:{password or self.password}"
        return f"amqp://{credentials}@{self.where}/{vhost or self.vhost}"

    def limit_connections_of_vhost(self) -> None:
        """Allow no connections to the vhost."""
        self.api.ask("PUT", f"/api/vhost-limits/{self.vhost}/max-connections", {"value": 0})

    def limit_connections_of_user(self) -> None:
        """Allow the user no connections."""
        self.api.ask("PUT", f"/api/user-limits/{self.name}/max-connections", {"value": 0})

    def take_rights(self) -> None:
        """Shut the user out of the vhost."""
        self.api.ask("DELETE", f"/api/permissions/{self.vhost}/{self.name}")

    def delete(self) -> None:
        """Delete the user, whose connections RabbitMQ then closes."""
        self.api.ask("DELETE", f"/api/users/{self.name}")


@contextmanager
def broker_user(server_set: ServerSet, api: ManagementApi) -> Iterator[BrokerUser]:
    """A user and a vhost of its own."""
    with server_set.fresh_vhost("refusing") as url:
        vhost, where = urlsplit(url).path[1:], urlsplit(url).netloc.rpartition("@")[2]
        user = BrokerUser(api, where, f"refused-{secrets.token_hex(4)}", vhost)
        api.ask("PUT", f"/api/users/{user.name}", {"password": user.password, "tags": ""})
        api.ask("PUT", f"/api/permissions/{quote(vhost, safe='')}/{user.name}", EVERYTHING)
        try:
            yield user
        finally:
            with suppress(ServersUnavailableError):  # the test has deleted it
                user.delete()
