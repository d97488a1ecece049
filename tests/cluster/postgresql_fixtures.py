"""Fixtures of the drills with PostgreSQL: a pair for each drill, one RabbitMQ for all."""

import random
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from dev.servers import PrivateRabbitMQ, run_folder
from dev.servers.signals import ending_in_good_order
from tests.cluster.postgresql_drill import PairDrill
from tests.cluster.postgresql_pair import PostgresPair
from tests.cluster.postgresql_site import PairSite
from tests.conftest import run_alembic
from tests.faults import audit
from tests.faults.conftest import _REPORT, _SEED, _delete_queues
from tests.support.tcp_proxy import TcpProxy
from urllib.parse import urlsplit
from worker.infra.messaging.amqp.tolerant_properties import tolerate_undecodable_properties


@pytest.fixture(scope="session")
def one_rabbitmq() -> Iterator[PrivateRabbitMQ]:
    tolerate_undecodable_properties()
    with ending_in_good_order(), run_folder() as folder:
        rabbitmq = PrivateRabbitMQ(folder / "rabbitmq")
        rabbitmq.start()
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
    request: pytest.FixtureRequest,
    one_rabbitmq: PrivateRabbitMQ,
    pair: PostgresPair,
    seed: int,
    tmp_path: Path,
) -> AsyncIterator[PairDrill]:
    run_alembic(pair.primary.database_url, "upgrade", "head")
    await audit.execute(pair.primary.database_url, audit.INSTALL)
    await _delete_queues(one_rabbitmq.rabbitmq_url)
    name = request.node.name.removeprefix("test_").replace("_", " ")
    properties = request.node.user_properties
    properties.append((_SEED, seed))
    with (
        TcpProxy(pair.primary.port) as database_network,
        TcpProxy(urlsplit(one_rabbitmq.rabbitmq_url).port or 0) as rabbitmq_network,
    ):
        site = PairSite(pair.primary, one_rabbitmq, database_network, rabbitmq_network, pair)
        drill = PairDrill(
            name,
            site,
            random.Random(f"{seed}-{name}"),
            tmp_path,
            lambda report: properties.append((_REPORT, asdict(report))),
        )
        yield drill
        for worker in drill.workers:
            worker.end()
