from collections.abc import Iterator

import pytest

from tests.conftest import run_alembic
from tests.security.tls_site import TlsSite, open_tls_site
from worker.infra.messaging.tolerant_properties import tolerate_undecodable_properties


@pytest.fixture(scope="session")
def tls() -> Iterator[TlsSite]:
    """Servers behind TLS; the database is migrated, through TLS as well."""
    tolerate_undecodable_properties()
    with open_tls_site() as site:
        run_alembic(site.database_url(), "upgrade", "head")
        yield site
