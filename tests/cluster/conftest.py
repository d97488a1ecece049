import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from dev.servers import ServersUnavailableError
from dev.servers.rabbitmq_programs import find_program
from tests.cluster.postgresql_fixtures import (  # noqa: F401 - fixtures
    one_rabbitmq,
    pair,
    pair_drill,
    patroni,
    patroni_drill,
)
from tests.cluster.rabbitmq_drill import RabbitMQDrill
from tests.cluster.rabbitmq_site import RabbitMQSite, open_rabbitmq_site
from tests.conftest import run_alembic
from tests.faults import audit
from tests.faults.drill import empty
from tests.faults.session import Assignment
from worker.infra.messaging.amqp.tolerant_properties import tolerate_undecodable_properties

_PROGRAMS = ("rabbitmq-server", "rabbitmqctl", "rabbitmq-queues", "rabbitmq-upgrade", "epmd")


@pytest.fixture(scope="session")
def rabbitmq_site() -> Iterator[RabbitMQSite]:
    """Three nodes, which the drills break one after another."""
    for program in _PROGRAMS:
        try:
            find_program(program)
        except ServersUnavailableError as error:
            pytest.skip(f"no {program}: {error}")
    tolerate_undecodable_properties()
    with open_rabbitmq_site() as site:
        run_alembic(site.database_url, "upgrade", "head")
        yield site


@pytest.fixture(scope="session")
async def audited_rabbitmq_site(rabbitmq_site: RabbitMQSite) -> RabbitMQSite:
    await audit.execute(rabbitmq_site.database_url, audit.INSTALL)
    return rabbitmq_site


@pytest.fixture
async def rabbitmq_drill(
    audited_rabbitmq_site: RabbitMQSite, assignment: Assignment, tmp_path: Path
) -> AsyncIterator[RabbitMQDrill]:
    """A drill on a whole cluster without queues; its workers are killed at the end."""
    await asyncio.to_thread(audited_rabbitmq_site.cluster.mend)
    await empty(audited_rabbitmq_site)
    drill = RabbitMQDrill(*assignment, audited_rabbitmq_site, tmp_path)
    yield drill
    for worker in drill.workers:
        worker.end()
