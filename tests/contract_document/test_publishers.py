import asyncio
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from dev.servers import Servers
from tests.conftest import StartWorker
from tests.contract_document.contract import WIRE_EVENTS, what_to_edit
from tests.contract_document.publishers import FOLDER, PYTHON, Publisher, node, shell
from tests.support.broker import DEAD_LETTERS, MAIN, Broker
from tests.support.catalog import read_cars
from tests.support.histories import CREATED
from worker.infra.db.engine import Sessions
from worker.infra.messaging.events.wire_events import EVENT_TYPES

CAR = json.loads((FOLDER / "car.json").read_text(encoding="utf-8"))
NOBODYS_TYPE = "inventory.car-create.v1"
LONGEST_PAGE = 65

MakePublisher = Callable[[str], Publisher]


@pytest.fixture(
    params=[
        *PYTHON,
        pytest.param("amqplib", marks=pytest.mark.needs_tools),
        pytest.param("amqp-publish", marks=pytest.mark.needs_tools),
    ]
)
def publisher(request: pytest.FixtureRequest, empty: Servers, tmp_path: Path) -> Publisher:
    name: str = request.param
    if name == "amqplib":
        packages: Path = request.getfixturevalue("node_folder")
        return node("amqplib.mjs", "/examples/amqplib", empty.rabbitmq_url, packages)
    if name == "amqp-publish":
        if shutil.which("amqp-publish") is None:
            pytest.skip("amqp-tools is not installed")
        return shell("amqp-publish.sh", "/examples/amqp-publish", empty.rabbitmq_url, tmp_path)
    return PYTHON[name](empty.rabbitmq_url)


async def test_what_it_publishes_is_a_car_in_the_catalog(
    publisher: Publisher, start_worker: StartWorker, sessions: Sessions
) -> None:
    worker = start_worker()

    done = await asyncio.to_thread(publisher.publish, CREATED, CAR)

    assert (done.stderr, done.returncode) == ("", 0)
    assert worker.wait_results(1) == {"applied": 1}
    car = (await read_cars(sessions))[CAR["car_id"]]
    assert (car.make, car.model, car.year) == (CAR["make"], CAR["model"], CAR["year"])
    assert (car.price.source, car.price.message_id) == (publisher.source, done.stdout.strip())


async def test_sent_again_it_is_a_duplicate_and_another_event_is_not(
    publisher: Publisher, start_worker: StartWorker
) -> None:
    worker = start_worker()

    for data in (CAR, CAR, CAR | {"price_mxn": "170000.00"}):
        assert publisher.publish(CREATED, data).returncode == 0

    results = worker.wait_results(3)
    assert results.pop("duplicate") == 1
    assert sum(results.values()) == 2
    assert not {code for code in results if code not in {"applied", "stale"}}


async def test_what_it_publishes_is_persistent(
    publisher: Publisher, start_worker: StartWorker, broker: Broker
) -> None:
    start_worker().terminate()

    publisher.publish(CREATED, CAR)

    (message,) = await broker.take_all(MAIN)
    assert message.delivery_mode == 2


async def test_a_type_that_no_queue_takes_is_a_clear_error(
    publisher: Publisher, start_worker: StartWorker, broker: Broker
) -> None:
    worker = start_worker()

    done = publisher.publish(NOBODYS_TYPE, CAR)

    (complaint,) = done.stderr.splitlines()
    assert f"no queue takes {NOBODYS_TYPE}" in complaint
    assert (done.stdout, done.returncode) == ("", 1)
    assert worker.count_results() == {}
    assert await broker.count(DEAD_LETTERS) == 0


async def test_an_exchange_that_is_not_there_is_a_clear_error(
    publisher: Publisher, broker: Broker
) -> None:
    channel = await broker.connection.channel()
    await channel.exchange_delete("inventory.events")

    done = publisher.publish(CREATED, CAR)

    (complaint,) = done.stderr.splitlines()
    assert "no exchange 'inventory.events'" in complaint
    assert (done.stdout, done.returncode) == ("", 1)


@pytest.mark.parametrize("program", sorted(FOLDER.glob("*[!n]")), ids=lambda path: path.name)
def test_a_publisher_is_no_longer_than_a_page(program: Path) -> None:
    assert len(program.read_text(encoding="utf-8").splitlines()) <= LONGEST_PAGE


def test_the_shell_knows_every_type() -> None:
    text = (FOLDER / "amqp-publish.sh").read_text(encoding="utf-8")

    types = re.search(r"TYPES='(.*)'", text)
    assert types is not None
    known = types[1].split()
    assert known == list(EVENT_TYPES), what_to_edit(
        "TYPES in examples/publishers/amqp-publish.sh", known, WIRE_EVENTS, EVENT_TYPES
    )
