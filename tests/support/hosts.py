"""URLs with other hosts than those of the test's servers."""

from urllib.parse import urlsplit

from dev.servers.ports import LOOPBACK, free_port


def host_of(url: str) -> str:
    """Its host with the port."""
    return urlsplit(url).netloc.rpartition("@")[2]


def with_hosts(url: str, *hosts: str) -> str:
    return url.replace(host_of(url), ",".join(hosts))


def closed_host() -> str:
    """A host that refuses connections."""
    return f"{LOOPBACK}:{free_port()}"
