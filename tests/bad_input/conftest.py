from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import pytest
from aio_pika.abc import AbstractIncomingMessage

from dev.servers import Servers, ServerSet
from dev.worker_process import WorkerProcess
from tests.bad_input.row import Message, Row, Rows
from tests.conftest import run_alembic
from tests.support.broker import DEAD_LETTERS, connect
from tests.support.catalog import read_cars
from tests.support.raw_publisher import RawPublisher, raw_publisher
from worker.domain.entities.car import Car
from worker.infra.db.engine import create_engine, create_sessions
from worker.infra.messaging.amqp.tolerant_properties import tolerate_undecodable_properties


@dataclass(frozen=True)
class Running:
    """A worker on servers of its own, for a whole module."""

    servers: Servers
    worker: WorkerProcess
    pid: int


@dataclass(frozen=True)
class Aftermath:
    """What is left when every message has come to its end."""

    dead_letters: dict[str, list[AbstractIncomingMessage]]
    """By correlation id, which is the name of the row."""

    cars: dict[str, Car]


Send = Callable[[Rows], Awaitable[None]]


@pytest.fixture(scope="module")
def running(server_set: ServerSet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    tolerate_undecodable_properties()
    log = tmp_path_factory.mktemp("worker") / "worker.log"
    with server_set.fresh("bad_input") as servers:
        run_alembic(servers.database_url, "upgrade", "head")
        urls = (servers.database_url, servers.rabbitmq_url)
        with WorkerProcess(*urls, log, {"WORKER_RETRY_DELAYS": "100ms"}) as worker:
            assert worker.process is not None
            yield Running(servers, worker, worker.process.pid)


@pytest.fixture(scope="module")
async def send(running: Running) -> Send:
    """Publishes each row between good cars, and waits until all have come to their ends."""
    sent = 0

    async def send(rows: Rows) -> None:
        nonlocal sent
        async with raw_publisher(running.servers.rabbitmq_url) as publisher:
            for name, row in rows.items():
                await _publish(publisher, row.message(name))
                await _publish(publisher, Row(None).message(f"after-{name}"))
        sent += 2 * len(rows)
        running.worker.wait_results(sent)

    return send


async def _publish(publisher: RawPublisher, message: Message) -> None:
    await publisher.publish(message.body, message.properties, message.routing_key)


async def look(servers: Servers) -> Aftermath:
    dead_letters = defaultdict(list)
    async with connect(servers.rabbitmq_url) as broker:
        for message in await broker.take_all(DEAD_LETTERS):
            dead_letters[message.correlation_id or ""].append(message)
    engine = create_engine(lambda: servers.database_url)
    cars = await read_cars(create_sessions(engine))
    await engine.dispose()
    return Aftermath(dead_letters, cars)


def assert_undisturbed(running: Running) -> None:
    """The process is the one that was started, and never had to subscribe again."""
    process = running.worker.process
    assert process is not None
    assert (process.pid, process.poll()) == (running.pid, None)
    assert running.worker.log.count("consuming") == 1
    assert "Traceback" not in running.worker.log
