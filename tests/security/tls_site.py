"""Both servers behind TLS, with certificates of a CA that lives as long as the test."""

import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import trustme

from dev.servers import PrivatePostgres, PrivateRabbitMQ, run_folder
from dev.servers.ports import LOOPBACK, free_port
from dev.servers.signals import ending_in_good_order
from tests.security.tls_front import TlsFront

SERVER_NAME = "localhost"
"""The one name in the servers' certificates; they listen on 127.0.0.1, which is not in them."""


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM files: what clients are given, and what the servers show."""

    ca: Path
    other_ca: Path
    server: Path
    server_key: Path
    client: Path
    client_key: Path


@dataclass(frozen=True, slots=True)
class TlsSite:
    """Where the servers are; the URLs are built with what a test wants to see accepted or not."""

    certificates: Certificates
    rabbitmq: PrivateRabbitMQ
    front: TlsFront
    plain_database_url: str
    database_port: int
    rabbitmq_port: int

    def database_url(self, *, host: str = SERVER_NAME, ca: Path | None = None) -> str:
        url = urlsplit(self.plain_database_url)
        user = url.netloc.rpartition("@")[0]
        query = {"sslmode": "verify-full", "sslrootcert": ca or self.certificates.ca}
        return url._replace(
            netloc=f"{user}@{host}:{self.database_port}", query=urlencode(query)
        ).geturl()

    def rabbitmq_url(self, *, host: str = SERVER_NAME, **without_or_other: Path | None) -> str:
        certificates = self.certificates
        files = {
            "cafile": certificates.ca,
            "certfile": certificates.client,
            "keyfile": certificates.client_key,
        } | without_or_other
        query = urlencode({name: file for name, file in files.items() if file})
        return f"amqps://guest:guest@{host}:{self.rabbitmq_port}/?{query}"


@contextmanager
def open_tls_site() -> Iterator[TlsSite]:
    """RabbitMQ asks for a client certificate; PostgreSQL is reached through TLS alone."""
    with ExitStack() as stack:
        stack.enter_context(ending_in_good_order())
        folder = stack.enter_context(run_folder())
        certificates = _issue(folder)
        port = free_port()
        rabbitmq = PrivateRabbitMQ(folder / "rabbitmq", config=_tls_listener(port, certificates))
        postgres = PrivatePostgres(folder / "postgres")
        rabbitmq.launch()
        postgres.start()
        rabbitmq.wait_ready()
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificates.server, certificates.server_key)
        front = stack.enter_context(TlsFront(context, urlsplit(postgres.database_url).port or 0))
        yield TlsSite(certificates, rabbitmq, front, postgres.database_url, front.port, port)


def renew(site: TlsSite) -> None:
    """Puts certificates of a new CA in the place of all, for servers and clients."""
    certificates = _issue(site.certificates.ca.parent)
    site.front.show(certificates.server, certificates.server_key)
    site.rabbitmq.ctl("eval", "ssl:clear_pem_cache().")


def _issue(folder: Path) -> Certificates:
    ca, other_ca = trustme.CA(), trustme.CA()
    ca.cert_pem.write_to_path(folder / "ca.pem")
    other_ca.cert_pem.write_to_path(folder / "other-ca.pem")
    for name, identity in (("server", SERVER_NAME), ("client", "inventory-worker")):
        issued = ca.issue_cert(identity)
        issued.cert_chain_pems[0].write_to_path(folder / f"{name}.pem")
        issued.private_key_pem.write_to_path(folder / f"{name}.key")
    return Certificates(
        ca=folder / "ca.pem",
        other_ca=folder / "other-ca.pem",
        server=folder / "server.pem",
        server_key=folder / "server.key",
        client=folder / "client.pem",
        client_key=folder / "client.key",
    )


def _tls_listener(port: int, certificates: Certificates) -> list[str]:
    """https://www.rabbitmq.com/docs/ssl."""
    return [
        f"listeners.ssl.1 = {LOOPBACK}:{port}",
        f"ssl_options.cacertfile = {certificates.ca}",
        f"ssl_options.certfile = {certificates.server}",
        f"ssl_options.keyfile = {certificates.server_key}",
        "ssl_options.verify = verify_peer",
        "ssl_options.fail_if_no_peer_cert = true",
    ]
