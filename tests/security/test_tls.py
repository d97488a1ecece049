import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from dev.servers import Servers
from dev.servers.ports import LOOPBACK
from dev.worker_process import WorkerProcess
from tests.conftest import run_command
from tests.security.tls_site import SERVER_NAME, TlsSite
from tests.support.broker import connect, delete_our_queues
from tests.support.car_events import of_a_type_to_come
from tests.support.catalog import read_cars
from tests.support.histories import fold, random_history
from tests.support.taken import EVENTS, Taken, opened
from worker.infra.db.engine import create_engine, create_sessions
from worker.infra.durations import DEFAULT_DURATIONS
from worker.infra.messaging.amqp.nodes import connect as connect_to_a_node

FAILED = 1
SOON = {"WORKER_STARTUP_TIMEOUT": "0.1"}

RabbitmqUrl = Callable[[TlsSite], str]
DatabaseUrl = Callable[[TlsSite], str]


def _broker_of_another_ca(tls: TlsSite) -> str:
    return tls.rabbitmq_url(cafile=tls.certificates.other_ca)


def _broker_of_no_ca_of_this_system(tls: TlsSite) -> str:
    return tls.rabbitmq_url(cafile=None)


def _broker_under_another_name(tls: TlsSite) -> str:
    return tls.rabbitmq_url(host=LOOPBACK)


def _brokers_under_another_name(tls: TlsSite) -> str:
    wrong = f"{LOOPBACK}:{tls.rabbitmq_port}"
    return tls.rabbitmq_url(host=f"{wrong},{LOOPBACK}")


def _broker_that_sees_no_certificate_of_ours(tls: TlsSite) -> str:
    return tls.rabbitmq_url(certfile=None, keyfile=None)


def _database_of_another_ca(tls: TlsSite) -> str:
    return tls.database_url(ca=tls.certificates.other_ca)


def _database_under_another_name(tls: TlsSite) -> str:
    return tls.database_url(host=LOOPBACK)


UNTRUSTED = "certificate verify failed"
MISNAMED = "certificate is not valid for '127.0.0.1'"
UNKNOWN_CLIENT = "AMQPConnectionError"  # the alert of the server races with its reset


async def test_everything_goes_through_tls_and_a_client_certificate(
    tls: TlsSite, tmp_path: Path
) -> None:
    history = random_history(random.Random(8), cars=5, events=50, prefix="tls-")
    failing = of_a_type_to_come()
    log = tmp_path / "worker.log"
    with WorkerProcess(tls.database_url(), tls.rabbitmq_url(), log, {}) as worker:
        async with connect(tls.rabbitmq_url()) as broker:
            await broker.publish([*history, failing])
        results = worker.wait_results(51)
        worker.end_in_good_order()

    engine = create_engine(tls.database_url)
    catalog = await read_cars(create_sessions(engine))
    await engine.dispose()
    assert catalog == fold(history)
    assert results["unknown-type"] == 1


async def test_deliveries_through_tls_come_past_aiormq_too(tls: TlsSite) -> None:
    taken = Taken(len(EVENTS))
    async with opened(tls.rabbitmq_url(), taken), connect(tls.rabbitmq_url()) as broker:
        await broker.publish(EVENTS)
        await asyncio.wait_for(taken.all_there.wait(), timeout=10)

    assert taken.bodies == [event.body for event in EVENTS]
    assert taken.tasks == {None}
    await delete_our_queues(tls.rabbitmq_url())


async def test_each_host_is_trusted_under_its_own_name(tls: TlsSite) -> None:
    other_name = f"{LOOPBACK}:{tls.rabbitmq_port}"
    url = tls.rabbitmq_url(host=f"{other_name},{SERVER_NAME}")

    for _ in range(5):
        connection, node = await connect_to_a_node(url, "test", DEFAULT_DURATIONS)
        await connection.close()
        assert node.startswith(f"{SERVER_NAME}:")


@pytest.mark.parametrize(
    ("rabbitmq_url", "reason"),
    [
        (_broker_of_another_ca, UNTRUSTED),
        (_broker_of_no_ca_of_this_system, UNTRUSTED),
        (_broker_under_another_name, MISNAMED),
        (_brokers_under_another_name, MISNAMED),
        (_broker_that_sees_no_certificate_of_ours, UNKNOWN_CLIENT),
    ],
)
@pytest.mark.parametrize("command", ["run", "publish examples/events.jsonl --no-validate"])
def test_no_command_talks_to_a_broker_that_it_cannot_trust(
    command: str, rabbitmq_url: RabbitmqUrl, reason: str, tls: TlsSite
) -> None:
    servers = Servers(tls.database_url(), rabbitmq_url(tls))

    done = run_command(servers, *command.split(), **SOON)

    assert done.returncode == FAILED
    assert reason in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("database_url", "reason"),
    [(_database_of_another_ca, UNTRUSTED), (_database_under_another_name, MISNAMED)],
)
@pytest.mark.parametrize("command", ["run", "migrate", "catalog stats"])
def test_no_command_talks_to_a_database_that_it_cannot_trust(
    command: str, database_url: DatabaseUrl, reason: str, tls: TlsSite
) -> None:
    servers = Servers(database_url(tls), tls.rabbitmq_url())

    done = run_command(servers, *command.split(), **SOON)

    assert done.returncode == FAILED
    assert reason in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_changing_dead_letters_needs_a_broker_to_trust(tls: TlsSite) -> None:
    servers = Servers(tls.database_url(), _broker_under_another_name(tls))

    done = run_command(servers, "dlq", "replay", "--all")

    assert done.returncode == FAILED
    assert MISNAMED in done.stderr
    assert len(done.stderr.splitlines()) == 1
