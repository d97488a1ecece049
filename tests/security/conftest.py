from collections.abc import AsyncIterator, Iterator

import pytest

from dev.servers import Servers, ServerSet
from dev.servers.management import ManagementApi
from tests.conftest import run_alembic, run_command
from tests.security.rights import RestrictedUrls, postgres_roles, rabbitmq_users
from tests.security.tls_site import TlsSite, open_tls_site
from tests.support.broker import delete_our_queues
from worker.infra.messaging.amqp.tolerant_properties import tolerate_undecodable_properties


@pytest.fixture(scope="session")
def tls() -> Iterator[TlsSite]:
    """Servers behind TLS; the database is migrated, through TLS as well."""
    tolerate_undecodable_properties()
    with open_tls_site() as site:
        run_alembic(site.database_url(), "upgrade", "head")
        yield site


@pytest.fixture(scope="session")
async def restricted_site(server_set: ServerSet) -> AsyncIterator[tuple[RestrictedUrls, str]]:
    """A database that the one role migrated, and a vhost with the URL of its administrator."""
    if not isinstance(server_set.vhosts, ManagementApi):
        pytest.skip("making users needs RabbitMQ's management plugin")
    tolerate_undecodable_properties()
    with server_set.fresh("rights") as fresh:
        async with postgres_roles(server_set.database_url, fresh.database_url) as database_urls:
            with rabbitmq_users(server_set.vhosts, fresh.rabbitmq_url) as rabbitmq_urls:
                urls = RestrictedUrls(*database_urls, *rabbitmq_urls)
                migrated = run_command(Servers(urls.migrate, urls.worker), "migrate")
                assert migrated.returncode == 0, migrated.stderr
                yield urls, fresh.rabbitmq_url


@pytest.fixture
async def restricted(restricted_site: tuple[RestrictedUrls, str]) -> AsyncIterator[RestrictedUrls]:
    """The users of the security page, in a vhost in which nothing is declared yet."""
    urls, administrator = restricted_site
    yield urls
    await delete_our_queues(administrator)
