"""Secrets and certificates are replaced while the worker runs; nobody restarts it."""

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from dev.servers import Servers, ServerSet
from dev.servers.management import ManagementApi
from dev.worker_process import WorkerProcess, wait_until
from tests.conftest import run_alembic
from tests.security.rights import execute, rabbitmq_users, set_password
from tests.security.tls_site import TlsSite, open_tls_site, renew
from tests.support.broker import Broker, connect
from tests.support.car_events import creation, of_a_type_to_come
from tests.support.tcp_proxy import LOOPBACK, TcpProxy
from tests.support.worker_role import WorkerRole, worker_role

WITHOUT_URLS = ("env", "-u", "DATABASE_URL", "-u", "RABBITMQ_URL", sys.executable)
END_SESSIONS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE application_name = 'inventory-worker'"
)


@dataclass(frozen=True, slots=True)
class Site:
    """A worker that reads its URLs from files, and what can be changed below it."""

    worker: WorkerProcess
    role: WorkerRole
    network: TcpProxy
    database_file: Path
    rabbitmq_file: Path
    set_rabbitmq_password: Callable[[str], str]

    async def break_connections(self) -> None:
        await self.role.end_sessions()
        self.network.cut()


@pytest.fixture
async def site(empty: Servers, server_set: ServerSet, tmp_path: Path) -> AsyncIterator[Site]:
    api = server_set.vhosts
    if not isinstance(api, ManagementApi):
        pytest.skip("making users needs RabbitMQ's management plugin")
    files = tmp_path / "database-url", tmp_path / "rabbitmq-url"
    variables = {"DATABASE_URL_FILE": str(files[0]), "RABBITMQ_URL_FILE": str(files[1])}
    worker = WorkerProcess(
        "", "", tmp_path / "worker.log", variables, (*WITHOUT_URLS, "-m", "worker", "run")
    )
    with (
        rabbitmq_users(api, empty.rabbitmq_url) as (rabbitmq_url, _),
        TcpProxy(urlsplit(rabbitmq_url).port or 5672) as network,
    ):
        where = urlsplit(rabbitmq_url).netloc.rpartition("@")[2]
        through = rabbitmq_url.replace(where, f"{LOOPBACK}:{network.port}")
        async with worker_role(empty.database_url) as role:
            files[0].write_text(role.url())
            files[1].write_text(through)
            with worker:
                yield Site(
                    worker, role, network, *files, lambda new: set_password(api, through, new)
                )


async def send(broker: Broker, car_id: str) -> None:
    """One message that changes the catalog, one that goes to the retries and the dead letters."""
    await broker.publish([creation(car_id), of_a_type_to_come(car_id)])


async def test_rotated_passwords_are_taken_up_at_the_next_connect(
    site: Site, broker: Broker
) -> None:
    await send(broker, "a")
    site.worker.wait_results(2)
    await site.role.change("ALTER ROLE {role} PASSWORD 'rotated'")
    new_rabbitmq_url = site.set_rabbitmq_password("rotated")
    await site.break_connections()
    wait_until(lambda: "password authentication failed" in site.worker.log, lambda: site.worker.log)
    await send(broker, "b")

    site.database_file.write_text(site.role.url("rotated"))
    site.rabbitmq_file.write_text(new_rabbitmq_url)

    assert site.worker.wait_results(4) == {"applied": 2, "unknown-type": 2}
    site.worker.end_in_good_order()


async def test_a_role_is_replaced_by_another_while_its_sessions_are_open(
    site: Site, broker: Broker, empty: Servers
) -> None:
    async with worker_role(empty.database_url) as successor:
        site.database_file.write_text(successor.url())
        await site.role.change("DROP OWNED BY {role}")

        await send(broker, "a")

        assert site.worker.wait_results(2) == {"applied": 1, "unknown-type": 1}
        site.worker.end_in_good_order()


@pytest.mark.parametrize("variable", ["DATABASE_URL_FILE", "RABBITMQ_URL_FILE"])
async def test_a_file_that_is_missing_or_half_written_is_waited_for_and_named(
    variable: str, site: Site, broker: Broker
) -> None:
    file = site.database_file if variable == "DATABASE_URL_FILE" else site.rabbitmq_file
    url, worker = file.read_text(), site.worker
    file.unlink()
    await site.break_connections()
    await send(broker, "a")
    wait_until(lambda: f"{variable}: cannot read {file}" in worker.log, lambda: worker.log)

    for half in (0, 5, url.index("@") - 2):
        file.write_text(url[:half])
    wait_until(lambda: f"{variable}: {file} " in worker.log, lambda: worker.log)
    assert worker.status("/health/ready") == 503
    assert worker.status("/health/live") == 200

    file.write_text(url)
    assert worker.wait_results(2) == {"applied": 1, "unknown-type": 1}
    worker.end_in_good_order()


@pytest.fixture
def renewable() -> Iterator[TlsSite]:
    with open_tls_site() as site:
        run_alembic(site.database_url(), "upgrade", "head")
        yield site


async def test_certificates_of_a_new_ca_are_taken_up_at_the_next_connect(
    renewable: TlsSite, tmp_path: Path
) -> None:
    log = tmp_path / "worker.log"
    trusted = renewable.certificates.ca
    with WorkerProcess(renewable.database_url(), renewable.rabbitmq_url(), log, {}) as worker:
        renew(renewable)
        whole = trusted.read_bytes()
        trusted.write_bytes(whole[:100])
        renewable.rabbitmq.ctl("close_all_connections", "rotation")
        await execute(renewable.plain_database_url, END_SESSIONS)
        named = f"DATABASE_URL sslrootcert={trusted}: cannot be loaded"
        wait_until(lambda: named in worker.log, lambda: worker.log)

        trusted.write_bytes(whole)

        worker.wait_ready()
        async with connect(renewable.rabbitmq_url()) as broker:
            await send(broker, "a")
        assert worker.wait_results(2) == {"applied": 1, "unknown-type": 1}
        worker.end_in_good_order()
