import random
from pathlib import Path

import asyncpg
import pytest
from aiormq.exceptions import ChannelAccessRefused

from dev.servers import Servers
from dev.worker_process import WorkerProcess
from tests.conftest import run_command
from tests.security.rights import RestrictedUrls
from tests.support.broker import PATIENT_DELAYS, connect
from tests.support.catalog import read_cars
from tests.support.histories import CHANGED, Event, fold, random_history, with_duplicates
from worker.infra.db.engine import create_engine, create_sessions


async def test_the_worker_converges_with_the_rights_of_the_page_and_no_more(
    restricted: RestrictedUrls, tmp_path: Path
) -> None:
    rng = random.Random(16)
    history = random_history(rng, cars=20, events=400, prefix="rights-", plans=0.2)
    price = {"car_id": "nobody", "price_mxn": "0", "occurred_at": "2026-01-01T00:00:00Z"}
    failing = [Event(CHANGED, "", f"rights-failing-{i}", price) for i in range(5)]
    sent = [*with_duplicates(rng, history), *failing]

    log = tmp_path / "worker.log"
    delays = {"WORKER_RETRY_DELAYS": PATIENT_DELAYS}
    with WorkerProcess(restricted.run, restricted.worker, log, delays) as worker:
        async with connect(restricted.publisher) as publisher:
            await publisher.publish(sent)
        results = worker.wait_results(len(sent))
        worker.end_in_good_order()

    engine = create_engine(lambda: restricted.run)
    catalog = await read_cars(create_sessions(engine))
    await engine.dispose()
    assert sum(results.values()) == len(sent), worker.log
    ours = {id_: car for id_, car in catalog.items() if id_.startswith("rights-")}
    assert ours == fold(history)
    assert results["invalid-event"] == len(failing)
    for command in ("doctor", "dlq list", "catalog stats"):
        done = run_command(Servers(restricted.run, restricted.worker), *command.split(), **delays)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


def test_the_publish_command_needs_a_publishers_rights_alone(
    restricted: RestrictedUrls, tmp_path: Path
) -> None:
    with WorkerProcess(restricted.run, restricted.worker, tmp_path / "worker.log", {}) as worker:
        worker.end_in_good_order()  # it has declared the queues

    done = run_command(
        Servers(restricted.run, restricted.publisher),
        *("publish", "--no-validate", "examples/events.jsonl"),
    )

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (id int)",
        "ALTER TABLE cars ADD COLUMN mine int",
        "DROP TABLE cars",
        "TRUNCATE cars",
        "CREATE SCHEMA mine",
    ],
)
async def test_the_role_of_run_cannot_change_the_schema(
    statement: str, restricted: RestrictedUrls
) -> None:
    connection = await asyncpg.connect(restricted.run)

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(statement)
    await connection.close()


async def test_the_workers_user_declares_no_queue_of_others(restricted: RestrictedUrls) -> None:
    async with connect(restricted.worker) as worker:
        channel = await worker.connection.channel()

        with pytest.raises(ChannelAccessRefused):
            await channel.declare_queue("inventory-workers-of-others")


async def test_the_workers_user_publishes_no_events(restricted: RestrictedUrls) -> None:
    async with connect(restricted.worker) as worker:
        with pytest.raises(ChannelAccessRefused):
            await worker.publish(random_history(random.Random(), cars=1, events=1, prefix="no-"))


async def test_a_publisher_reads_nothing(restricted: RestrictedUrls) -> None:
    async with connect(restricted.publisher) as publisher:
        channel = await publisher.connection.channel()
        queue = await channel.get_queue("inventory-worker", ensure=False)

        with pytest.raises(ChannelAccessRefused):
            await queue.get()
