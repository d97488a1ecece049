"""Fixtures of the drills with PostgreSQL: a pair for each drill, one RabbitMQ for all."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from dev.servers import PrivateRabbitMQ, run_folder
from tests.cluster.patroni_cluster import PatroniCluster
from tests.cluster.patroni_site import PatroniDrill, PatroniSite
from tests.cluster.postgresql_drill import PairDrill
from tests.cluster.postgresql_pair import PostgresPair
from tests.cluster.postgresql_site import PairSite
from tests.cluster.programs import find_or_skip
from tests.conftest import run_alembic
from tests.faults import audit
from tests.faults.drill import empty
from tests.faults.session import Assignment
from tests.support.own_rabbitmq import own_rabbitmq
from tests.support.tcp_proxy import TcpProxy
from worker.infra.messaging.amqp.tolerant_properties import tolerate_undecodable_properties


@pytest.fixture(scope="session")
def one_rabbitmq() -> Iterator[PrivateRabbitMQ]:
    tolerate_undecodable_properties()
    with own_rabbitmq() as rabbitmq:
        yield rabbitmq


@pytest.fixture
async def pair() -> AsyncIterator[PostgresPair]:
    with run_folder() as folder:
        pair = PostgresPair(folder)
        try:
            await pair.start()
            yield pair
        finally:
            pair.end()


@pytest.fixture
async def pair_drill(
    one_rabbitmq: PrivateRabbitMQ, pair: PostgresPair, assignment: Assignment, tmp_path: Path
) -> AsyncIterator[PairDrill]:
    """A drill on a pair of its own; its workers are killed at the end."""
    with TcpProxy(pair.primary.port) as address:
        site = PairSite(one_rabbitmq, pair, address)
        await _prepare(site)
        drill = PairDrill(*assignment, site, tmp_path)
        yield drill
        for worker in drill.workers:
            worker.end()


@pytest.fixture
async def patroni() -> AsyncIterator[PatroniCluster]:
    for program in ("patroni", "etcd"):
        find_or_skip(program)
    with run_folder() as folder:
        cluster = PatroniCluster(folder)
        try:
            await cluster.start()
            yield cluster
        finally:
            cluster.end()


@pytest.fixture
async def patroni_drill(
    one_rabbitmq: PrivateRabbitMQ, patroni: PatroniCluster, assignment: Assignment, tmp_path: Path
) -> AsyncIterator[PatroniDrill]:
    """A drill on two nodes of Patroni; its workers are killed at the end."""
    site = PatroniSite(one_rabbitmq, patroni)
    await _prepare(site)
    drill = PatroniDrill(*assignment, site, tmp_path)
    yield drill
    for worker in drill.workers:
        worker.end()


async def _prepare(site: PairSite | PatroniSite) -> None:
    run_alembic(site.database_url, "upgrade", "head")
    await audit.execute(site.database_url, audit.INSTALL)
    await empty(site)
