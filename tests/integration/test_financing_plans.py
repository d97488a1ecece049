import json
import random
import subprocess
from collections.abc import Callable

from tests.conftest import StartWorker
from tests.support.broker import Broker
from tests.support.catalog import read_cars
from tests.support.histories import OFFERED, Event, fold, fold_plans, random_history
from worker.infra.db.engine import Sessions

InventoryWorker = Callable[..., subprocess.CompletedProcess[str]]

AT = "2026-01-01T00:00:00+00:00"
AMOUNTS = {"down_payment_mxn": "100.00", "monthly_payment_mxn": "10.00", "total_paid_mxn": "220.00"}
TERMS = {"annual_rate": "0.1499", "term_months": 12} | AMOUNTS | {"occurred_at": AT}


def offer(plan_id: str, car_id: str) -> Event:
    return Event(OFFERED, "/lender", f"f-{plan_id}", {"plan_id": plan_id, "car_id": car_id} | TERMS)


async def test_a_plan_waits_for_its_car(
    start_worker: StartWorker, broker: Broker, inventory_worker: InventoryWorker
) -> None:
    worker = start_worker()
    (creation,) = random_history(random.Random(1), cars=1, events=1, prefix="late-")
    car_id = str(creation.data["car_id"])

    await broker.publish([offer("p", car_id)])
    assert worker.wait_results(1) == {"early": 1}
    await broker.publish([creation])

    assert worker.wait_results(2) == {"early": 1, "applied": 1}
    shown = json.loads(inventory_worker("catalog", "show", car_id, "--json").stdout)
    assert [plan["id"] for plan in shown["financing_plans"]] == ["p"]


async def test_a_random_history_with_plans_ends_in_its_fold(
    start_worker: StartWorker,
    broker: Broker,
    sessions: Sessions,
    inventory_worker: InventoryWorker,
) -> None:
    worker = start_worker(WORKER_BATCH_SIZE="20")
    history = random_history(random.Random(2), cars=5, events=200, prefix="plans-", plans=0.4)

    await broker.publish(history)
    worker.wait_results(200)

    assert await read_cars(sessions) == fold(history)
    shown = [
        plan
        for car_id in fold(history)
        for plan in json.loads(inventory_worker("catalog", "show", car_id, "--json").stdout)[
            "financing_plans"
        ]
    ]
    expected = fold_plans(history)
    assert {plan["id"]: plan["message_id"] for plan in shown} == {
        plan.id: plan.message_id for plan in expected.values()
    }
