import asyncio
import json
import random
import shutil
import subprocess
from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from dev.servers import Servers
from dev.worker_process import WorkerProcess, wait_until
from tests.conftest import ROOT, StartWorker
from tests.support.broker import DEAD_LETTERS, PATIENT_DELAYS, Broker
from tests.support.catalog import read_cars
from tests.support.histories import CHANGED, CREATED, Event, fold, random_history, with_duplicates
from worker.infra.db.engine import Sessions

InventoryWorker = Callable[..., subprocess.CompletedProcess[str]]

ONE_AT_A_TIME = {
    "WORKER_PREFETCH": "1",
    "WORKER_BATCH_SIZE": "1",
    "WORKER_RETRY_DELAYS": PATIENT_DELAYS,
}
EVENTS = ROOT / "examples" / "events.jsonl"


async def test_an_event_published_is_a_car_in_the_catalog(
    start_worker: StartWorker, broker: Broker, sessions: Sessions
) -> None:
    worker = start_worker()
    history = random_history(random.Random(1), cars=1, events=1, prefix="one-")

    await broker.publish(history)

    assert worker.wait_results(1) == {"applied": 1}
    assert await read_cars(sessions) == fold(history)


async def test_the_example_file_adds_up_and_a_second_time_changes_nothing(
    start_worker: StartWorker, inventory_worker: InventoryWorker, sessions: Sessions
) -> None:
    worker = start_worker()

    assert inventory_worker("publish", "--no-validate", str(EVENTS)).returncode == 0
    first = worker.wait_results(376)
    catalog = await read_cars(sessions)
    assert inventory_worker("publish", "--no-validate", str(EVENTS)).returncode == 0
    both = worker.wait_results(2 * 376)

    dead = {code: count for code, count in first.items() if code not in OUTCOMES}
    assert dead == {
        "invalid-event": 12,
        "car-already-exists": 2,
        "message-id-reused": 2,
        "occurred-in-future": 1,
        "missing-message-id": 1,
    }
    assert first["applied"] + first["stale"] + first["early"] == 340
    assert first["duplicate"] == 18
    assert both["duplicate"] == 18 + 340 + 18
    assert both["applied"] == first["applied"]
    assert await read_cars(sessions) == catalog
    assert len(catalog) == 107


OUTCOMES = {"applied", "duplicate", "stale", "unchanged", "early"}


@settings(
    max_examples=10,
    deadline=None,
    phases=[Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    seed=st.integers(0, 2**32),
    events=st.integers(1, 300),
    cars=st.integers(1, 30),
    batch_size=st.sampled_from([1, 3, 20, 400]),
)
async def test_random_histories_in_random_order_end_in_their_fold(
    seed: int,
    events: int,
    cars: int,
    batch_size: int,
    start_worker: StartWorker,
    broker: Broker,
    sessions: Sessions,
) -> None:
    rng, prefix = random.Random(seed), f"{uuid4()}-"
    history = random_history(rng, cars=cars, events=events, prefix=prefix)
    sent = with_duplicates(rng, history)
    worker = start_worker(WORKER_BATCH_SIZE=str(batch_size), WORKER_RETRY_DELAYS=PATIENT_DELAYS)

    await broker.publish(sent)
    results = worker.wait_results(len(sent))
    worker.end_in_good_order()

    catalog = await read_cars(sessions)
    assert {id_: car for id_, car in catalog.items() if id_.startswith(prefix)} == fold(history)
    assert sum(results.values()) == len(sent)
    assert await broker.count(DEAD_LETTERS) == 0


async def test_two_workers_create_one_car_from_rival_creations(
    start_worker: StartWorker, broker: Broker, sessions: Sessions
) -> None:
    workers = [start_worker(**ONE_AT_A_TIME) for _ in range(2)]
    rng = random.Random(2)
    history = [event for i in range(100) for event in _rival_creations(rng, f"rival-{i}")]

    await asyncio.gather(*(broker.publish([event]) for event in history))
    _wait_all(workers, len(history))

    assert await read_cars(sessions) == fold(history)


async def test_two_workers_price_a_car_that_is_being_created(
    start_worker: StartWorker, broker: Broker, sessions: Sessions
) -> None:
    workers = [start_worker(**ONE_AT_A_TIME) for _ in range(2)]
    rng = random.Random(3)
    history = [
        event
        for i in range(100)
        for event in random_history(rng, cars=1, events=2, prefix=f"pair-{i}-")
    ]

    await broker.publish(history)
    _wait_all(workers, len(history))

    assert await read_cars(sessions) == fold(history)


@pytest.mark.parametrize("count", [2, 3, 4])
async def test_several_workers_on_one_queue_end_in_the_fold(
    count: int, start_worker: StartWorker, broker: Broker, sessions: Sessions
) -> None:
    rng = random.Random(count)
    history = random_history(rng, cars=100, events=2_000, prefix=f"of-{count}-", plans=0.1)
    sent = with_duplicates(rng, history)
    settings = {"WORKER_BATCH_SIZE": "20", "WORKER_PREFETCH": "40"}
    workers = [start_worker(WORKER_RETRY_DELAYS=PATIENT_DELAYS, **settings) for _ in range(count)]

    await broker.publish(sent)
    _wait_all(workers, len(sent))

    assert await read_cars(sessions) == fold(history)
    assert all(worker.count_results() for worker in workers)


async def test_a_publisher_that_knows_nothing_of_us_uses_ce_headers(
    start_worker: StartWorker, empty: Servers, inventory_worker: InventoryWorker
) -> None:
    if shutil.which("amqp-publish") is None:
        pytest.skip("amqp-tools is not installed")
    worker = start_worker()
    price = {"car_id": "MX-CE-1", "price_mxn": "100.50", "occurred_at": "2026-01-02T00:00:00Z"}
    car = price | {"make": "VW", "model": "Jetta", "year": 2020}
    _amqp_publish(empty, CREATED, "ce-1", car)
    later = price | {"price_mxn": "99.99", "occurred_at": "2026-01-03T00:00:00Z"}
    _amqp_publish(empty, CHANGED, "ce-2", later)

    assert worker.wait_results(2) == {"applied": 2}
    shown = json.loads(inventory_worker("catalog", "show", "MX-CE-1", "--json").stdout)
    assert (shown["price_mxn"], shown["price_message_id"]) == ("99.99", "ce-2")


async def test_sigterm_ends_an_idle_worker_with_0(start_worker: StartWorker) -> None:
    worker = start_worker()

    assert worker.terminate() == 0


async def test_events_wait_for_a_worker_that_is_not_there(
    start_worker: StartWorker, broker: Broker, sessions: Sessions
) -> None:
    start_worker().terminate()
    history = random_history(random.Random(4), cars=3, events=20, prefix="wait-")
    await broker.publish(history)

    start_worker().wait_results(20)

    assert await read_cars(sessions) == fold(history)


def _rival_creations(rng: random.Random, car_id: str) -> list[Event]:
    first = random_history(rng, cars=1, events=1, prefix=f"{car_id}-")[0]
    later = first.data | {"occurred_at": "2026-02-01T00:00:00+00:00", "price_mxn": "77.00"}
    return [first, Event(CREATED, "/rival", f"{car_id}-rival", later)]


def _wait_all(workers: Sequence[WorkerProcess], count: int) -> None:
    wait_until(lambda: sum(sum(worker.count_results().values()) for worker in workers) >= count)


def _amqp_publish(servers: Servers, type_: str, message_id: str, data: dict[str, Any]) -> None:
    headers = {"ce-specversion": "1.0", "ce-id": message_id, "ce-type": type_, "ce-source": "/amqp"}
    options = [option for name, value in headers.items() for option in ("-H", f"{name}: {value}")]
    target = ["-u", servers.rabbitmq_url, "-e", "inventory.events", "-r", type_, "-p"]
    content = ["-C", "application/json", "-b", json.dumps(data)]
    subprocess.run(["amqp-publish", *target, *options, *content], check=True)
