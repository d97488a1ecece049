"""What stands still at RabbitMQ is seen; what a new subscription mends, the worker mends."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aio_pika
import pytest

from dev.servers import PrivateRabbitMQ, Servers
from dev.worker_process import WorkerProcess, wait_until
from tests.conftest import run_command
from tests.support.broker import MAIN, Broker, connect, delete_our_queues
from tests.support.car_events import creation
from tests.support.hooked_worker import HOOKED
from tests.support.lossy_frames import BASIC_CANCEL, BASIC_DELIVER, LossyFrames
from tests.support.own_rabbitmq import own_rabbitmq
from tests.support.tcp_proxy import TcpProxy
from worker.infra.durations import DEFAULT_DURATIONS
from worker.infra.messaging.retry_delays import parse_retry_delays
from worker.infra.messaging.topology_repair import TopologyRepair

pytestmark = pytest.mark.slow  # three and a half minutes: wedges are found by asking seldom

DELAYS = "100ms"
CONSUMERS = f"consumers of queue {MAIN}"
RETRY = f"inventory-worker.retry.{DELAYS}"
VARIABLES = {
    "WORKER_RETRY_DELAYS": DELAYS,
    "LOOKOUT_SECONDS": "0.1",
    "STANDING_SECONDS": "0.1",
    "WORKER_PREFETCH": "2",
    "WORKER_BATCH_SIZE": "2",
}

StartHere = Callable[..., WorkerProcess]


@pytest.fixture(scope="module")
def rabbitmq() -> Iterator[PrivateRabbitMQ]:
    """A broker of our own, which lists consumers and channels."""
    with own_rabbitmq(management=True) as rabbitmq:
        yield rabbitmq


@pytest.fixture
def management(rabbitmq: PrivateRabbitMQ) -> dict[str, str]:
    return {"RABBITMQ_MANAGEMENT_URL": rabbitmq.management_url}


@pytest.fixture
async def servers_here(empty: Servers, rabbitmq: PrivateRabbitMQ) -> Servers:
    await delete_our_queues(rabbitmq.rabbitmq_url)
    await _declare(rabbitmq)
    return Servers(empty.database_url, rabbitmq.rabbitmq_url)


@pytest.fixture
async def here(servers_here: Servers) -> Any:
    async with connect(servers_here.rabbitmq_url) as broker:
        yield broker


@pytest.fixture
def frames() -> LossyFrames:
    return LossyFrames()


@pytest.fixture
def start(servers_here: Servers, frames: LossyFrames, tmp_path: Path) -> Iterator[StartHere]:
    """Starts a worker behind a proxy that loses frames."""
    url = urlsplit(servers_here.rabbitmq_url)
    assert url.port
    started: list[WorkerProcess] = []
    with TcpProxy(url.port, frames.sieve) as proxy:
        lossy = url._replace(netloc=f"guest:guest@127.0.0.1:{proxy.port}").geturl()

        def start(**variables: str) -> WorkerProcess:
            log = tmp_path / "worker.log"
            given = {**VARIABLES, **variables}
            worker = WorkerProcess(servers_here.database_url, lossy, log, given, HOOKED)
            started.append(worker)
            return worker.start().wait_ready()

        yield start
        for worker in started:
            worker.end()


async def test_a_consumer_that_rabbitmq_cancelled_unheard_is_replaced(
    start: StartHere, here: Broker, frames: LossyFrames, rabbitmq: PrivateRabbitMQ
) -> None:
    worker = start()
    frames.losing = BASIC_CANCEL
    await here.delete_queue(MAIN)
    wait_until(lambda: frames.lost > 0)
    await _declare(rabbitmq)

    await here.publish([creation("a")])

    assert worker.wait_results(1) == {"applied": 1}
    assert "RabbitMQ knows no consumer of the queue" in worker.log
    assert worker.count_wedges() == {"no-consumer": 1}


async def test_doctor_tells_of_workers_that_say_they_consume_and_do_not(
    start: StartHere,
    here: Broker,
    servers_here: Servers,
    frames: LossyFrames,
    rabbitmq: PrivateRabbitMQ,
) -> None:
    start(LOOKOUT_SECONDS="60")
    assert _doctor(servers_here, {})[CONSUMERS]["verdict"] == "ok"
    frames.losing = BASIC_CANCEL
    await here.delete_queue(MAIN)
    wait_until(lambda: frames.lost > 0)
    await _declare(rabbitmq)

    said = _doctor(servers_here, {})[CONSUMERS]

    assert said["verdict"] == "WRONG"
    assert "RabbitMQ knows none, and 1 worker says that it consumes" in said["problem"]


async def test_a_worker_that_gets_nothing_while_messages_wait_subscribes_again(
    start: StartHere, here: Broker, frames: LossyFrames
) -> None:
    """Its prefetch is used up by deliveries that never arrived."""
    worker = start()
    frames.losing = BASIC_DELIVER
    await here.publish(creation(f"car-{i}") for i in range(3))
    wait_until(lambda: "messages wait in the queue" in worker.log, lambda: worker.log)
    frames.losing = None

    assert worker.wait_results(3) == {"applied": 3}


async def test_deliveries_that_never_arrived_come_again(
    start: StartHere, here: Broker, frames: LossyFrames, management: dict[str, str]
) -> None:
    worker = start(**management)
    frames.losing = BASIC_DELIVER
    await here.publish([creation("a")])
    wait_until(lambda: "and we have none" in worker.log, lambda: worker.log)
    frames.losing = None

    assert worker.wait_results(1) == {"applied": 1}


async def test_a_delivery_that_never_arrived_comes_again_without_the_management_api(
    start: StartHere, here: Broker, frames: LossyFrames
) -> None:
    """AMQP tells nothing of it, so the subscription is renewed because it had deliveries."""
    worker = start(WORKER_PREFETCH="10", LOOKOUT_SECONDS="1")
    await here.publish([creation("a")])
    assert worker.wait_results(1) == {"applied": 1}
    frames.losing = BASIC_DELIVER
    await here.publish([creation("b")])
    wait_until(lambda: frames.lost > 0)
    frames.losing = None

    assert worker.wait_results(2) == {"applied": 2}
    assert "renewing the subscription" in worker.log
    assert not worker.count_wedges()


async def test_messages_that_another_client_holds_are_told_with_its_connection(
    start: StartHere,
    here: Broker,
    servers_here: Servers,
    management: dict[str, str],
) -> None:
    async with connect(servers_here.rabbitmq_url) as stranger:
        channel = await stranger.connection.channel()
        queue = await channel.get_queue(MAIN)
        await queue.consume(_hold)
        await here.publish([creation("a"), creation("b")])
        worker = start(**management)
        wait_until(lambda: worker.standing(MAIN) == 2, lambda: worker.log)

        said = _doctor(servers_here, management)["unacknowledged messages"]

    assert said["verdict"] == "warning"
    assert "held by no worker: 2 by connection 127.0.0.1:" in said["problem"]
    wait_until(lambda: worker.standing(MAIN) == 0, lambda: worker.log)


async def test_retries_that_cannot_leave_their_queue_are_told(
    start: StartHere,
    here: Broker,
    servers_here: Servers,
    management: dict[str, str],
    rabbitmq: PrivateRabbitMQ,
) -> None:
    worker = start(**management)
    channel = await here.connection.channel()
    queue = await channel.get_queue(MAIN)
    await queue.unbind("inventory-worker", MAIN)
    await here.put_back(aio_pika.Message(b"{}", message_id="late"), RETRY)
    wait_until(lambda: worker.standing(RETRY) == 1, lambda: worker.log)

    said = _doctor(servers_here, management)

    assert said["retries in time"]["verdict"] == "warning"
    assert f"{RETRY} keeps 1 after their time" in said["retries in time"]["problem"]
    rabbitmq.ctl("purge_queue", RETRY)


async def _declare(rabbitmq: PrivateRabbitMQ) -> None:
    delays = parse_retry_delays(DELAYS)
    await TopologyRepair(lambda: rabbitmq.rabbitmq_url, delays, DEFAULT_DURATIONS).repair()


async def _hold(_: aio_pika.abc.AbstractIncomingMessage) -> None: ...


def _doctor(servers: Servers, variables: dict[str, str]) -> dict[str, Any]:
    done = run_command(servers, "doctor", "--json", WORKER_RETRY_DELAYS=DELAYS, **variables)
    return {line["check"]: line for line in json.loads(done.stdout)}
