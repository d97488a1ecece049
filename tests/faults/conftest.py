import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.conftest import run_alembic
from tests.faults import audit
from tests.faults.drill import Drill, empty
from tests.faults.session import Assignment
from tests.faults.site import Site, open_site
from worker.infra.messaging.amqp.tolerant_properties import tolerate_undecodable_properties


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """Servers of the drills' own: nobody else minds when they are killed."""
    tolerate_undecodable_properties()
    with open_site() as site:
        run_alembic(site.database_url, "upgrade", "head")
        yield site


@pytest.fixture(scope="session")
async def audited_site(site: Site) -> Site:
    await audit.execute(site.database_url, audit.INSTALL)
    return site


@pytest.fixture
async def drill(audited_site: Site, assignment: Assignment, tmp_path: Path) -> AsyncIterator[Drill]:
    """A drill on empty servers; its workers are killed at the end."""
    await empty(audited_site)
    drill = Drill(*assignment, audited_site, tmp_path)
    yield drill
    for worker in drill.workers:
        worker.end()
    await asyncio.to_thread(audited_site.restore)
    for network in (audited_site.postgres_network, audited_site.rabbitmq_network):
        network.cut()  # a frozen connection would keep its locks from the next drill
