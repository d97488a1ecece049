"""The recipes of `docs/contract.md` for events that were accepted and wrong."""

from typing import Any

from sqlalchemy import text

from tests.conftest import StartWorker
from tests.contract_document.test_docs import block
from tests.support.broker import Broker
from tests.support.catalog import read_cars
from tests.support.histories import CHANGED, CREATED, Event
from worker.infra.db.engine import Sessions

CAR_ID = "MX-PUE-000166"
CAR = {"car_id": CAR_ID, "make": "Volkswagen", "model": "Jeta", "year": 2018}


def event(type_: str, message_id: str, price: str, occurred_at: str, **data: Any) -> Event:
    fields = {"car_id": CAR_ID, "price_mxn": price, "occurred_at": occurred_at}
    return Event(type_, "/dealers/puebla", message_id, fields | data)


async def test_a_wrong_newest_price_is_corrected_by_a_later_one_alone(
    start_worker: StartWorker, broker: Broker, sessions: Sessions
) -> None:
    worker = start_worker()
    created = event(CREATED, "1", "254000.00", "2026-01-09T12:00:00Z", **CAR)
    wrong = event(CHANGED, "2", "25.40", "2026-01-10T12:00:00Z")
    same_time_as_before = event(CHANGED, "3", "254000.00", "2026-01-09T12:00:00Z")
    later = event(CHANGED, "4", "254000.00", "2026-01-10T12:00:01Z")

    await broker.publish([created, wrong, same_time_as_before])
    worker.wait_results(3)
    before = (await read_cars(sessions))[CAR_ID].price
    await broker.publish([later])
    worker.wait_results(4)

    assert before.message_id == "2"
    assert (await read_cars(sessions))[CAR_ID].price == later.price


async def test_a_wrong_model_is_corrected_once_the_operators_took_the_car_out(
    start_worker: StartWorker, broker: Broker, sessions: Sessions
) -> None:
    worker = start_worker()
    wrong = event(CREATED, "1", "254000.00", "2026-01-09T12:00:00Z", **CAR)
    right = CAR | {"model": "Jetta"}
    await broker.publish([wrong])
    worker.wait_results(1)

    async with sessions.begin() as session:
        for statement in block("sql").strip().splitlines():
            await session.execute(text(statement))
    await broker.publish([event(CREATED, "2", "246000.00", "2026-01-26T12:00:00Z", **right)])
    worker.wait_results(2)
    await broker.publish([wrong])

    assert worker.wait_results(3) == {"applied": 2, "duplicate": 1}
    car = (await read_cars(sessions))[CAR_ID]
    assert (car.model, str(car.price.amount)) == ("Jetta", "246000.00")
