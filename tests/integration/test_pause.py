"""Operators pause all workers: what is in hand is finished, and nothing is taken until `resume`."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from dev.servers import Servers
from dev.worker_process import WorkerProcess, wait_until
from tests.conftest import StartWorker
from tests.support.broker import DEAD_LETTERS, MAIN, Broker
from tests.support.car_events import creation
from tests.support.histories import Event
from tests.support.hooked_worker import HOOKED
from tests.support.persistent_publisher import publish_persistently
from tests.support.retries import SHORT
from worker.infra.db.engine import Sessions

InventoryWorker = Callable[..., subprocess.CompletedProcess[str]]

FEW_IN_HAND = {"WORKER_PREFETCH": "20", "WORKER_BATCH_SIZE": "1"}
RECORDED = "SELECT count(*) FROM processed_messages"
RECORDED_DURING_PAUSE = f"""
{RECORDED}, pauses
WHERE processed_at > paused_at + interval '5 s' AND processed_at < resumed_at
"""
PAUSED = "inventory_worker_paused"
STARTED = "inventory_worker_pause_started_timestamp_seconds"
UNTIL = "inventory_worker_pause_until_timestamp_seconds"


async def test_three_paused_workers_finish_what_is_in_hand_and_take_nothing_until_resume(
    start_worker: StartWorker,
    inventory_worker: InventoryWorker,
    broker: Broker,
    empty: Servers,
    sessions: Sessions,
) -> None:
    workers = [start_worker(*HOOKED, PAUSE_DRAIN_SECONDS="60", **FEW_IN_HAND) for _ in range(3)]
    publishing = asyncio.create_task(
        publish_persistently(lambda: empty.rabbitmq_url, at_once(cars(3000)))
    )
    await asyncio.to_thread(wait_until, lambda: finished(workers) > 100)

    pausing = await asyncio.to_thread(inventory_worker, "pause", "--reason", "an index is built")
    assert pausing.returncode == 0
    await asyncio.to_thread(wait_paused, workers)
    await publishing
    await publish_persistently(lambda: empty.rabbitmq_url, at_once(cars(100, "later")))
    waiting, before = await broker.take_all(MAIN), finished(workers)
    assert len(waiting) > 100
    assert before + len(waiting) == 3100
    for message in waiting[:100]:
        await broker.put_back(message, MAIN)
    # RabbitMQ itself takes back what it was about to deliver, so `redelivered` says nothing of us.
    assert not any("giving back" in worker.log for worker in workers)

    assert inventory_worker("resume").returncode == 0
    wait_until(lambda: finished(workers) == before + 100)
    assert await scalar(sessions, RECORDED) == before + 100
    assert await scalar(sessions, RECORDED_DURING_PAUSE) == 0
    assert all(worker.count_results().keys() == {"applied"} for worker in workers)


async def test_a_worker_that_starts_in_a_pause_is_ready_and_consumes_only_after_it(
    start_worker: StartWorker, inventory_worker: InventoryWorker, broker: Broker
) -> None:
    start_worker().terminate()
    await broker.publish(cars(1))
    inventory_worker("pause", "--reason", "a rollout", "--by", "ana")

    worker = start_worker(WORKER_STARTUP_TIMEOUT="0.5")

    said = worker.readiness()
    assert (said["status"], said["problems"]) == ("paused", [])
    assert said["pause"].startswith("paused by ana since 20")
    assert said["pause"].endswith("Z: a rollout")
    assert worker.status("/health/live") == 200
    assert worker.value(PAUSED) == 1
    assert worker.value(STARTED) == pytest.approx(datetime.now(UTC).timestamp(), abs=60)
    assert worker.value(UNTIL) == 0
    assert finished([worker]) == 0

    inventory_worker("resume")
    worker.wait_results(1)
    assert worker.readiness() == {"status": "ok", "problems": []}
    assert [worker.value(metric) for metric in (PAUSED, STARTED, UNTIL)] == [0, 0, 0]


async def test_a_worker_that_starts_in_a_pause_is_ready_although_a_table_is_locked(
    start_worker: StartWorker, inventory_worker: InventoryWorker, sessions: Sessions
) -> None:
    inventory_worker("pause", "--reason", "a column is added")

    async with sessions.begin() as session:
        await session.execute(text("LOCK TABLE cars IN ACCESS EXCLUSIVE MODE"))
        worker = await asyncio.to_thread(start_worker)

        assert worker.readiness()["status"] == "paused"


async def test_a_pause_with_an_end_ends_by_itself_and_its_record_says_so(
    start_worker: StartWorker,
    inventory_worker: InventoryWorker,
    broker: Broker,
    sessions: Sessions,
    status: Callable[[], dict[str, Any]],
) -> None:
    worker = start_worker()
    begun = json.loads(
        inventory_worker("pause", "--reason", "short", "--until", "5s", "--json").stdout
    )
    wait_paused([worker])
    assert worker.value(UNTIL) - worker.value(STARTED) == pytest.approx(5)
    await broker.publish(cars(1))

    worker.wait_results(1)

    until = datetime.fromisoformat(begun["until"])
    assert await scalar(sessions, "SELECT min(processed_at) FROM processed_messages") >= until
    wait_until(lambda: status()["pauses"][0]["resumed_at"] == begun["until"])
    row = "SELECT resumed_at = until AND resumed_by IS NULL FROM pauses"
    assert await scalar(sessions, row)
    assert status()["pause"] is None


def test_of_two_pauses_the_longer_one_counts_and_resume_ends_both(
    start_worker: StartWorker,
    inventory_worker: InventoryWorker,
    status: Callable[[], dict[str, Any]],
) -> None:
    worker = start_worker()
    inventory_worker("pause", "--reason", "maintenance", "--by", "bob")
    inventory_worker("pause", "--reason", "a look", "--until", "1h", "--by", "ana")

    wait_paused([worker])
    assert worker.readiness()["pause"].endswith(": maintenance")
    assert status()["pause"]["paused_by"] == "bob"

    resumed = inventory_worker("resume", "--by", "eva").stdout.splitlines()
    assert [line.rpartition(": ")[2] for line in resumed] == ["maintenance", "a look"]
    wait_until(lambda: worker.readiness()["status"] == "ok")
    assert {(p["paused_by"], p["resumed_by"]) for p in status()["pauses"]} == {
        ("bob", "eva"),
        ("ana", "eva"),
    }


def test_resuming_what_is_not_paused_changes_nothing(
    start_worker: StartWorker, inventory_worker: InventoryWorker
) -> None:
    start_worker().terminate()

    resumed = inventory_worker("resume")

    assert (resumed.returncode, resumed.stdout) == (0, "no pause is in force: nothing to do\n")
    assert json.loads(inventory_worker("resume", "--json").stdout) == []


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ((), "--reason"),
        (("--reason", " "), "say why"),
        (("--reason", "r", "--until", "soon"), "neither a length"),
        (("--reason", "r", "--until", "2026-01-31T02:50:00"), "neither a length"),
        (("--reason", "r", "--until", "2026-01-31T02:50:00Z"), "is past"),
    ],
)
async def test_a_pause_without_a_reason_or_with_a_wrong_end_is_none(
    options: tuple[str, ...],
    problem: str,
    inventory_worker: InventoryWorker,
    sessions: Sessions,
) -> None:
    refused = inventory_worker("pause", *options)

    assert refused.returncode == 2
    assert problem in refused.stderr
    assert await scalar(sessions, "SELECT count(*) FROM pauses") == 0


async def test_status_shows_workers_queues_and_pauses(
    start_worker: StartWorker,
    inventory_worker: InventoryWorker,
    broker: Broker,
    empty: Servers,
    sessions: Sessions,
    status: Callable[[], dict[str, Any]],
) -> None:
    worker, stopped, killed = (start_worker(**SHORT) for _ in range(3))
    stopped.terminate()
    killed.kill()
    await scalar(
        sessions,
        f"UPDATE workers SET seen_at = now() - interval '1 minute' "
        f"WHERE process LIKE '%{pid(killed)}' RETURNING 1",
    )
    await broker.publish(cars(1))
    worker.wait_results(1)
    wait_until(lambda: status()["workers"][0]["settled_at"] is not None)

    said = status()

    ours, silent = said["workers"]
    assert ours["process"].endswith(f":{pid(worker)}")
    assert (ours["state"], ours["detail"], ours["in_flight"]) == ("consuming", "", 0)
    assert ours["rabbitmq_node"] in empty.rabbitmq_url
    assert ours["lag_seconds"] > timedelta(days=30).total_seconds()
    assert silent["state"] == "silent"
    assert silent["process"].endswith(f":{pid(killed)}")
    queues = {queue["queue"]: (queue["ready"], queue["consumers"]) for queue in said["queues"]}
    assert queues[MAIN] == (0, 1)
    assert queues[DEAD_LETTERS] == (0, 0)

    inventory_worker("pause", "--reason", "shown", "--by", "ana")
    wait_until(lambda: status()["workers"][0]["state"] == "paused")
    table = inventory_worker("status").stdout
    assert table.startswith("paused by ana since ")
    assert "2 workers" in table
    assert inventory_worker("doctor").stdout.count("inventory-worker resume") == 1


def test_status_without_rabbitmq_shows_the_workers_and_fails(
    start_worker: StartWorker, inventory_worker: InventoryWorker
) -> None:
    start_worker()

    def ask() -> subprocess.CompletedProcess[str]:
        return inventory_worker("status", "--json", RABBITMQ_URL="amqp://guest:guest@127.0.0.1:1/")

    def states() -> list[str]:
        return [worker["state"] for worker in json.loads(ask().stdout)["workers"]]

    wait_until(lambda: states() == ["consuming"])
    said = ask()

    document = json.loads(said.stdout)
    assert said.returncode == 1
    assert document["queues"] == []
    assert document["rabbitmq"].startswith("RabbitMQ: ")
    assert "RabbitMQ: " in said.stderr


@pytest.fixture
def status(inventory_worker: InventoryWorker) -> Callable[[], dict[str, Any]]:
    """What `status --json` says."""

    def ask() -> dict[str, Any]:
        done = inventory_worker("status", "--json", **SHORT)
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    return ask


async def at_once(events: Sequence[Event]) -> AsyncIterator[Sequence[Event]]:
    yield events


def cars(count: int, prefix: str = "car") -> list[Event]:
    return [creation(f"{prefix}-{number}") for number in range(count)]


def finished(workers: Sequence[WorkerProcess]) -> int:
    return sum(sum(worker.count_results().values()) for worker in workers)


def wait_paused(workers: Sequence[WorkerProcess]) -> None:
    """Returns once they say so, and hold nothing."""
    wait_until(lambda: all(worker.readiness()["status"] == "paused" for worker in workers))
    wait_until(lambda: not any(worker.in_flight() for worker in workers))


def pid(worker: WorkerProcess) -> int:
    assert worker.process is not None
    return worker.process.pid


async def scalar(sessions: Sessions, sql: str) -> Any:
    async with sessions.begin() as session:
        return (await session.execute(text(sql))).scalar_one()
