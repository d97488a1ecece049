"""Policies of a vhost, as an operator sets them."""

import base64
import json
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import quote, unquote, urlsplit

from dev.servers import Servers
from dev.servers.management import ManagementApi

NAME = "test"


@contextmanager
def policy(
    api: ManagementApi,
    servers: Servers,
    queue: str,
    definition: Mapping[str, object],
    *,
    operator: bool = False,
) -> Iterator[None]:
    """Sets a policy on queues of a name for the block; it takes effect shortly after."""
    vhost = quote(unquote(urlsplit(servers.rabbitmq_url).path[1:]), safe="")
    where = f"/api/{'operator-' if operator else ''}policies/{vhost}/{NAME}"
    content = {"pattern": f"^{queue}$", "definition": definition, "apply-to": "queues"}
    _ask(api, "PUT", where, content)
    try:
        yield
    finally:
        _ask(api, "DELETE", where)


def _ask(api: ManagementApi, method: str, path: str, content: object = None) -> None:
    credentials = base64.b64encode(f"{api.user}:{api.password}".encode()).decode()
    headers = {"Authorization": f"Basic {credentials}", "Content-Type": "application/json"}
    body = None if content is None else json.dumps(content).encode()
    request = urllib.request.Request(api.where + path, body, headers, method=method)
    urllib.request.urlopen(request, timeout=30).close()
