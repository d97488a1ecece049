"""The hosts that a server URL names; as in PostgreSQL's URLs, several are separated by commas."""

import re
from dataclasses import dataclass
from itertools import cycle
from urllib.parse import parse_qs, unquote, urlsplit

from typing_extensions import override

_PARTS = re.compile(r"(?P<scheme>[a-z]+://)(?P<user>[^/?#]*@)?(?P<hosts>[^/?#]*)(?P<rest>.*)")
_HOST = re.compile(r"(\[(?P<ipv6>[^]]+)]|(?P<name>[^:]*))(:(?P<port>[0-9]+))?")
_DEFAULT_PORTS = {"amqp://": 5672, "amqps://": 5671}


@dataclass(frozen=True, slots=True)
class Host:
    """A name, an address or the folder of a Unix socket; without a port the driver knows it."""

    name: str
    port: int | None

    @property
    def is_socket(self) -> bool:
        """Whether it is a folder on this machine."""
        return self.name.startswith("/")

    @override
    def __str__(self) -> str:
        name = f"[{self.name}]" if ":" in self.name else self.name
        return name if self.port is None or self.is_socket else f"{name}:{self.port}"


def hosts_of(url: str) -> list[Host]:
    """The hosts of a valid URL; none where the driver has to find its own."""
    parts = _split(url)
    default = _DEFAULT_PORTS.get(parts["scheme"])
    if parts["hosts"]:
        return [_host(unquote(text), default) for text in parts["hosts"].split(",")]
    if default is not None:
        return [Host("localhost", default)]
    query = parse_qs(urlsplit(url).query)
    names = [text for text in query.get("host", [""])[-1].split(",") if text]
    ports = [int(text) for text in query.get("port", [""])[-1].split(",") if text]
    return [_host(text, port) for text, port in zip(names, cycle(ports or [None]), strict=False)]


def each_alone(url: str) -> list[str]:
    """The URL once for each of its hosts, valid or not: several in one are no URL to libraries."""
    parts = _split(url)
    return [
        f"{parts['scheme']}{parts['user'] or ''}{host}{parts['rest']}"
        for host in parts["hosts"].split(",")
    ]


def with_host(url: str, name: str, port: int | None = None) -> str:
    """The URL with this host in the place of all."""
    parts = _split(url)
    return f"{parts['scheme']}{parts['user'] or ''}{Host(name, port)}{parts['rest']}"


def vhost_of(url: str) -> str:
    """The vhost of a RabbitMQ URL."""
    return unquote(urlsplit(with_host(url, "host")).path[1:]) or "/"


def _host(text: str, default_port: int | None) -> Host:
    match = _HOST.fullmatch(text)
    if match is None:  # a Unix socket with a colon in its name
        return Host(text, default_port)
    return Host(match["ipv6"] or match["name"], int(match["port"] or 0) or default_port)


def _split(url: str) -> re.Match[str]:
    match = _PARTS.fullmatch(url)
    assert match is not None, "the URL was checked"
    return match
