import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from dev.servers import Servers, ServerSet, ServersUnavailableError, start_servers
from dev.servers.ports import LOOPBACK
from dev.servers.process import still_running
from dev.worker_process import WorkerProcess
from tests.support import forked_commands
from tests.support.broker import Broker, connect, delete_our_queues
from tests.support.examples import QUICK
from tests.support.forked_commands import launch
from tests.support.worker_logs import pytest_runtest_makereport  # noqa: F401 - pytest calls it
from worker.infra.db.engine import Sessions, create_engine, create_sessions
from worker.infra.db.models import CarModel
from worker.infra.messaging.amqp.tolerant_properties import tolerate_undecodable_properties

ROOT = Path(__file__).parents[1]

StartWorker = Callable[..., WorkerProcess]

pytest_plugins = ("tests.faults.session",)
settings.load_profile(QUICK)  # `--hypothesis-profile thorough` comes later, and wins

_DRILLS = ("tests/faults/", "tests/cluster/")
_SERVERS = {"server_set", "site", "rabbitmq_site", "one_rabbitmq", "tls"}
"""The fixtures that start servers; parameters that need one are marked `needs_servers`."""


class ByFileAndDrills(LoadFileScheduling):  # type: ignore[misc] # pytest-xdist has no types
    """Keeps the tests of a file in one process, and all drills: they break the same servers."""

    def _split_scope(self, nodeid: str) -> str:
        return "drills" if nodeid.startswith(_DRILLS) else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFileAndDrills:
    return ByFileAndDrills(config, log)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--without-servers", action="store_true", help="run only what starts no server"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--without-servers"):
        return
    needing = [item for item in items if _needs_servers(item)]
    config.hook.pytest_deselected(items=needing)
    items[:] = [item for item in items if item not in set(needing)]


def _needs_servers(item: pytest.Item) -> bool:
    fixtures = getattr(item, "fixturenames", ())
    return not _SERVERS.isdisjoint(fixtures) or item.get_closest_marker("needs_servers") is not None


@pytest.fixture(scope="session", autouse=True)
def no_server_is_left() -> Iterator[None]:
    """Whoever starts servers ends them."""
    yield
    assert still_running() == []


@pytest.fixture(scope="session")
def server_set() -> Iterator[ServerSet]:
    """Real servers, started once."""
    try:
        with start_servers() as servers:
            yield servers
    except ServersUnavailableError as error:
        pytest.exit(str(error), returncode=1)


@pytest.fixture(scope="session")
def servers(server_set: ServerSet) -> Iterator[Servers]:
    """A fresh database, migrated, and a fresh vhost."""
    tolerate_undecodable_properties()
    with server_set.fresh("test") as fresh:
        run_alembic(fresh.database_url, "upgrade", "head")
        yield fresh


@pytest.fixture(scope="session")
async def engine(servers: Servers) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(lambda: servers.database_url)
    yield engine
    await engine.dispose()


@pytest.fixture
async def sessions(engine: AsyncEngine) -> Sessions:
    """Sessions on empty tables."""
    tables = ", ".join(table.name for table in CarModel.metadata.sorted_tables)
    async with engine.begin() as connection:
        await connection.execute(text(f"TRUNCATE {tables}"))
    return create_sessions(engine)


@pytest.fixture
async def empty(
    servers: Servers,
    sessions: Sessions,  # noqa: ARG001 - asked for because it empties the tables
) -> Servers:
    """Servers without rows, queues or exchanges of ours."""
    await delete_our_queues(servers.rabbitmq_url)
    return servers


@pytest.fixture
def start_worker(empty: Servers, tmp_path: Path) -> Iterator[StartWorker]:
    """Starts workers on empty servers; each is killed at the end of the test, if it still runs."""
    started: list[WorkerProcess] = []

    def start(*command: str, **variables: str) -> WorkerProcess:
        log = tmp_path / f"worker-{len(started)}.log"
        urls = empty.database_url, empty.rabbitmq_url
        worker = WorkerProcess(
            *urls, log, variables, command or (sys.executable, "-m", "worker", "run"), launch
        )
        started.append(worker)
        return worker.start().wait_ready()

    yield start
    for worker in started:
        worker.end()


@pytest.fixture
def frozen_host() -> Iterator[str]:
    """A host whose kernel takes connections for a process that does not."""
    with socket.create_server((LOOPBACK, 0), backlog=64) as listener:
        yield f"{LOOPBACK}:{listener.getsockname()[1]}"


@pytest.fixture
async def broker(empty: Servers) -> AsyncIterator[Broker]:
    async with connect(empty.rabbitmq_url) as broker:
        yield broker


@pytest.fixture
def inventory_worker(empty: Servers) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the command line on the test's servers."""
    return partial(run_command, empty)


def run_command(
    servers: Servers, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("WORKER_")},
        "DATABASE_URL": servers.database_url,
        "RABBITMQ_URL": servers.rabbitmq_url,
        "WORKER_HTTP_PORT": "0",
        **variables,
    }
    return forked_commands.run("worker", *arguments, environment=environment, timeout=120)


def run_alembic(database_url: str, *arguments: str) -> str:
    """Runs alembic as its users do; returns what it prints."""
    environment = {**os.environ, "DATABASE_URL": database_url}
    done = forked_commands.run("alembic", *arguments, environment=environment, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout
