import random
import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.conftest import run_alembic
from tests.faults import audit
from tests.faults.drill import RETRY_DELAYS, Drill
from tests.faults.report import DrillReport, as_table
from tests.faults.site import Site, open_site
from tests.support.broker import connect, delete_our_queues
from worker.infra.messaging.amqp.tolerant_properties import tolerate_undecodable_properties

_REPORT = "drill report"
_SEED = "drill seed"


def pytest_addoption(parser: pytest.Parser) -> None:
    drills = parser.getgroup("drills")
    drills.addoption("--full", action="store_true", help="the drills in full, with their table")
    drills.addoption("--seed", type=int, help="repeat the histories of an earlier run")


@pytest.fixture(scope="session")
def full(pytestconfig: pytest.Config) -> bool:
    """Whether the drills run with their full numbers."""
    return bool(pytestconfig.getoption("--full", default=False))


@pytest.fixture(scope="session")
def seed(pytestconfig: pytest.Config) -> int:
    return pytestconfig.getoption("--seed", default=None) or secrets.randbelow(10**9)


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
async def drill(
    request: pytest.FixtureRequest, audited_site: Site, seed: int, tmp_path: Path
) -> AsyncIterator[Drill]:
    """A drill on empty servers, named after its test; its workers are killed at the end."""
    await audit.execute(audited_site.database_url, audit.EMPTY)
    await _delete_queues(audited_site.rabbitmq_url)
    name = request.node.name.removeprefix("test_").replace("_", " ")
    properties = request.node.user_properties  # which reach the process that prints the table
    properties.append((_SEED, seed))
    print(f"to repeat: --seed {seed}")  # noqa: T201 - pytest shows it where a drill fails
    rng = random.Random(f"{seed}-{name}")
    drill = Drill(
        name,
        audited_site,
        rng,
        tmp_path,
        lambda report: properties.append((_REPORT, asdict(report))),
    )
    yield drill
    for worker in drill.workers:
        worker.end()
    for network in (audited_site.postgres_network, audited_site.rabbitmq_network):
        network.cut()  # a frozen connection would keep its locks from the next drill


async def _delete_queues(url: str) -> None:
    await delete_our_queues(url)
    async with connect(url) as broker:
        for delay in RETRY_DELAYS.split(","):
            await broker.delete_queue(f"inventory-worker.retry.{delay}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    ended = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    noted = [noted for test in ended if test.when == "call" for noted in test.user_properties]
    if noted:
        seeds = {str(value) for name, value in noted if name == _SEED}
        terminalreporter.section(f"drills, seed {', '.join(seeds)}")
        reports = [DrillReport(**value) for name, value in noted if name == _REPORT]
        terminalreporter.write_line(as_table(reports))
