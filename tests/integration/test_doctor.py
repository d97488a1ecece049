import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import aio_pika
import asyncpg
import pytest
from pamqp.common import FieldTable

from dev.servers import Servers
from tests.conftest import StartWorker
from tests.dlq.dead_letters import sweep_once
from tests.support.broker import DEAD_LETTERS, Broker
from tests.support.retries import SHORT

InventoryWorker = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def doctor(inventory_worker: InventoryWorker) -> Callable[[], dict[str, Any]]:
    """What `doctor` says by check; its exit code is under `exit`."""

    def ask() -> dict[str, Any]:
        done = inventory_worker("doctor", "--json", **SHORT)
        said = {line["check"]: line for line in json.loads(done.stdout)}
        return {**said, "exit": done.returncode}

    return ask


def test_all_is_well_where_a_worker_has_been(
    start_worker: StartWorker, doctor: Callable[[], dict[str, Any]]
) -> None:
    start_worker(**SHORT).terminate()

    said = doctor()

    assert said.pop("exit") == 0
    assert {line["verdict"] for line in said.values()} == {"ok"}
    assert {"clock", "rights on the tables", "dead letters"} <= said.keys()


async def test_a_dead_letter_that_waits_for_days_is_a_warning(
    start_worker: StartWorker, empty: Servers, broker: Broker, doctor: Callable[[], dict[str, Any]]
) -> None:
    start_worker(**SHORT).terminate()
    died_at = (datetime.now(UTC) - timedelta(days=3)).isoformat()
    channel = await broker.connection.channel()
    headers: FieldTable = {"x-error-code": "car-not-found", "x-error-at": died_at}
    await channel.default_exchange.publish(
        aio_pika.Message(b"{}", message_id="old", headers=headers), DEAD_LETTERS
    )
    unswept = doctor()
    await sweep_once(empty)

    said = doctor()

    assert "the queue holds 1 and the database has 0" in unswept["dead letters"]["problem"]
    assert said["exit"] == 0
    assert said["dead letters"]["verdict"] == "warning"
    assert "the oldest waits since" in said["dead letters"]["problem"]
    assert await broker.count(DEAD_LETTERS) == 1


async def test_an_exchange_of_another_type_is_named(
    start_worker: StartWorker, broker: Broker, doctor: Callable[[], dict[str, Any]]
) -> None:
    start_worker(**SHORT).terminate()
    channel = await broker.connection.channel()
    await channel.exchange_delete("inventory.events")
    await channel.declare_exchange("inventory.events", "fanout", durable=True)

    said = doctor()
    await channel.exchange_delete("inventory.events")

    assert said["exit"] == 1
    assert "is not as we declare it" in said["exchange inventory.events"]["problem"]


async def test_a_right_that_is_lacking_is_named(
    empty: Servers, inventory_worker: InventoryWorker
) -> None:
    connection = await asyncpg.connect(empty.database_url)
    await connection.execute("CREATE ROLE reader_of_cars LOGIN PASSWORD 'reader'")
    try:
        await connection.execute("GRANT SELECT ON alembic_version, cars TO reader_of_cars")
        where = empty.database_url.rpartition("@")[2]
        url = f"postgresql://reader_of_cars:reader@{where}"
        done = inventory_worker("doctor", "--json", DATABASE_URL=url)
    finally:
        await connection.execute("DROP OWNED BY reader_of_cars")
        await connection.execute("DROP ROLE reader_of_cars")
        await connection.close()

    [rights] = [line for line in json.loads(done.stdout) if "rights" in line["check"]]
    assert done.returncode == 1
    assert "INSERT on cars" in rights["problem"]
    assert "SELECT on cars" not in rights["problem"]
