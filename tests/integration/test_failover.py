"""The address of the database moves to another server, as failovers do it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from dev.servers import PrivatePostgres, Servers, run_folder
from dev.worker_process import WorkerProcess, wait_until
from tests.conftest import run_alembic, run_command
from tests.support.broker import Broker
from tests.support.car_events import creation, price_change
from tests.support.tcp_proxy import LOOPBACK, TcpProxy

READ_ONLY = "ALTER SYSTEM SET default_transaction_read_only = on"
RELOAD = "SELECT pg_reload_conf()"
PROMOTE = "SELECT pg_promote()"


@dataclass(frozen=True, slots=True)
class Pair:
    """A primary, a standby, and an address that leads to the primary at first."""

    primary_url: str
    standby_url: str
    address: TcpProxy

    @property
    def database_url(self) -> str:
        return _at(self.primary_url, self.address.port)

    def move(self) -> None:
        """The address leads to the other server; connections that are open stay."""
        self.address.move(urlsplit(self.standby_url).port or 0)


def _at(url: str, port: int) -> str:
    user = urlsplit(url).netloc.rpartition("@")[0]
    return urlsplit(url)._replace(netloc=f"{user}@{LOOPBACK}:{port}").geturl()


@pytest.fixture
def pair() -> Iterator[Pair]:
    with run_folder() as folder:
        primary = PrivatePostgres(folder / "primary")
        primary.start()
        run_alembic(primary.database_url, "upgrade", "head")
        primary.stop()
        standby = primary.standby_in(folder / "standby")
        primary.start()
        standby.start()
        with TcpProxy(urlsplit(primary.database_url).port or 0) as address:
            yield Pair(primary.database_url, standby.database_url, address)


@pytest.fixture
def worker(pair: Pair, empty: Servers, tmp_path: Path) -> Iterator[WorkerProcess]:
    log = tmp_path / "worker.log"
    with WorkerProcess(pair.database_url, empty.rabbitmq_url, log, {}) as worker:
        yield worker


async def execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


async def count_cars(url: str) -> int:
    connection = await asyncpg.connect(url)
    count: int = await connection.fetchval("SELECT count(*) FROM cars")
    await connection.close()
    return count


async def test_sessions_of_a_demoted_primary_are_left_although_they_answer(
    worker: WorkerProcess, pair: Pair, broker: Broker
) -> None:
    await execute(pair.primary_url, READ_ONLY, RELOAD)
    await broker.publish([creation("a"), price_change("a")])
    wait_until(lambda: "read-only transaction" in worker.log, lambda: worker.log)
    await execute(pair.standby_url, PROMOTE)

    pair.move()

    assert worker.wait_results(2) == {"applied": 2}
    worker.wait_ready()
    assert await count_cars(pair.standby_url) == 1
    assert await count_cars(pair.primary_url) == 0
    worker.end_in_good_order()


async def test_a_standby_is_no_database_to_work_on_before_it_is_promoted(
    worker: WorkerProcess, pair: Pair, broker: Broker, empty: Servers
) -> None:
    pair.move()
    pair.address.cut()
    wait_until(lambda: "standby in recovery" in " ".join(worker.problems()), lambda: worker.log)
    done = run_command(Servers(pair.database_url, empty.rabbitmq_url), "doctor", "--json")
    said = {line["check"]: line for line in json.loads(done.stdout)}
    assert done.returncode == 1
    assert "standby in recovery" in said["PostgreSQL and its schema"]["problem"]
    assert worker.status("/health/live") == 200

    await execute(pair.standby_url, PROMOTE)

    worker.wait_ready()
    await broker.publish([creation("a")])
    assert worker.wait_results(1) == {"applied": 1}
    worker.end_in_good_order()
