"""Calls of RabbitMQ's management API."""

import base64
import json
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import quote, unquote, urlsplit

from dev.servers.errors import ServersUnavailableError

_TIMEOUT = 30.0
_OK, _FIRST_FAILURE = 200, 300


@dataclass(frozen=True, slots=True)
class ManagementApi:
    """Creates vhosts in milliseconds; `rabbitmqctl` starts an Erlang node for each call."""

    where: str
    user: str
    password: str

    @classmethod
    def beside(cls, rabbitmq_url: str, management_url: str | None) -> "ManagementApi":
        """Find a broker's API: at the URL given or the usual port, with the broker's user."""
        broker = urlsplit(rabbitmq_url)
        api = urlsplit(management_url or f"http://{broker.hostname}:15672")
        return cls(
            where=f"{api.scheme}://{api.netloc.rpartition('@')[2]}",
            user=unquote(api.username or broker.username or "guest"),
            password=unquote(api.password or broker.password or "guest"),
        )

    def answers(self) -> bool:
        """Whether the plugin is enabled and accepts the user as an administrator."""
        try:
            status, body = self._request("GET", "/api/whoami")
        except (OSError, HTTPException):
            return False
        return status == _OK and "administrator" in json.loads(body)["tags"]

    def create(self, vhost: str, user: str) -> None:
        """Create the vhost and grant the user all permissions in it."""
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        self.ask("PUT", f"/api/vhosts/{quote(vhost, safe='')}", {})
        self.ask(
            "PUT", f"/api/permissions/{quote(vhost, safe='')}/{quote(user, safe='')}", everything
        )

    def delete(self, vhost: str) -> None:
        """Delete the vhost with all its queues."""
        self.ask("DELETE", f"/api/vhosts/{quote(vhost, safe='')}")

    def ask(self, method: str, path: str, content: object = None) -> None:
        """Send a request that must succeed; the content goes as JSON."""
        try:
            status, body = self._request(method, path, content)
        except (OSError, HTTPException) as error:
            raise ServersUnavailableError(
                f"RabbitMQ's management API at {self.where} cannot be used: {error}"
            ) from error
        if status >= _FIRST_FAILURE:
            raise ServersUnavailableError(
                f"RabbitMQ's management API at {self.where} answered {status}"
                f" to {method} {path}: {body.strip()}"
            )

    def _request(self, method: str, path: str, content: object = None) -> tuple[int, str]:
        url = urlsplit(self.where)
        connect = HTTPSConnection if url.scheme == "https" else HTTPConnection
        connection = connect(url.hostname or "localhost", url.port, timeout=_TIMEOUT)
        body = None if content is None else json.dumps(content)
        credentials = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        headers = {"Authorization": f"Basic {credentials}", "Content-Type": "application/json"}
        try:
            connection.request(method, url.path + path, body, headers)
            response = connection.getresponse()
            return response.status, response.read().decode(errors="replace")
        finally:
            connection.close()
