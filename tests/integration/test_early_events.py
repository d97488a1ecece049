"""Events in any order through real servers: nothing waits in a queue, nothing is a dead letter."""

import json
import random
import subprocess
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import text

from dev.worker_process import WorkerProcess, wait_until
from tests.conftest import StartWorker
from tests.support.broker import DEAD_LETTERS, MAIN, Broker
from tests.support.car_events import creation, price_change
from tests.support.catalog import read_cars, read_early, read_plans
from tests.support.histories import ORDERS, fold, fold_plans, random_history, with_duplicates
from worker.infra.db.engine import Sessions

InventoryWorker = Callable[..., subprocess.CompletedProcess[str]]

LAST = "withdrawals first, creations last"


@pytest.mark.parametrize("workers", [2, 3])
async def test_workers_end_in_the_fold_though_creations_are_last_and_ids_are_emptied(
    workers: int, start_worker: StartWorker, broker: Broker, sessions: Sessions
) -> None:
    rng = random.Random(workers)
    history = random_history(rng, cars=80, events=2_000, prefix="", plans=0.2, withdrawals=0.1)
    sent = sorted(with_duplicates(rng, history), key=ORDERS[LAST])
    sizes = ("1", "20", "400")[:workers]
    running = [start_worker(WORKER_BATCH_SIZE=size, WORKER_PREFETCH="400") for size in sizes]

    for start in range(0, len(sent), 400):
        await broker.publish(sent[start : start + 400])
        async with sessions.begin() as session:
            await session.execute(text("DELETE FROM processed_messages"))
    wait_until(lambda: _handled(running) == len(sent), lambda: running[0].log)

    assert await read_cars(sessions) == fold(history)
    assert await read_plans(sessions) == fold_plans(history)
    assert await read_early(sessions) == []
    assert await broker.count(DEAD_LETTERS) == await broker.count(MAIN) == 0


async def test_after_a_night_of_refused_creations_sending_them_again_is_all_it_takes(
    start_worker: StartWorker,
    broker: Broker,
    sessions: Sessions,
    inventory_worker: InventoryWorker,
) -> None:
    worker = start_worker()
    cars = [f"car-{i}" for i in range(300)]
    refused = [creation(car, price_mxn="180,000.00") for car in cars]
    prices = [
        price_change(car, f"{170_000 + i}.00", occurred_at=f"2026-02-01T00:00:{i:02}Z")
        for i in range(10)
        for car in cars
    ]
    await broker.publish([*refused, *prices])
    night = worker.wait_results(3_300)
    awaited = json.loads(inventory_worker("catalog", "awaiting", "--json").stdout)
    told = "300 cars: their creation is a dead letter, invalid-event"
    assert told in inventory_worker("catalog", "awaiting").stdout
    assert told in inventory_worker("dlq", "list").stdout

    right = [replace(creation(car), message_id=f"{car}-again") for car in cars]
    await broker.publish(right)
    results = worker.wait_results(3_600)

    assert (night["invalid-event"], sum(night.values())) == (300, 3_300)
    assert {car["creation_died_of"] for car in awaited} == {"invalid-event"}
    assert (len(awaited), results["applied"]) == (300, 300)
    assert await read_cars(sessions) == fold([*right, *prices])
    assert await read_early(sessions) == []
    assert await broker.count(DEAD_LETTERS) == 300


def _handled(workers: list[WorkerProcess]) -> int:
    return sum(sum(worker.count_results().values()) for worker in workers)
