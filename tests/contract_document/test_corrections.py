"""The recipes of `docs/contract.md` for events that were accepted and wrong."""

from typing import Any

from tests.conftest import StartWorker
from tests.support.broker import Broker
from tests.support.catalog import read_cars
from tests.support.histories import CHANGED, CREATED, WITHDRAWN, Event
from worker.domain.value_objects.catalog_filters import CatalogFilters
from worker.domain.value_objects.paging import Paging
from worker.infra.db.engine import Sessions
from worker.infra.db.repositories.catalog_repository import PostgresCatalogRepository

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


async def test_a_wrong_car_is_withdrawn_and_created_under_another_id(
    start_worker: StartWorker, broker: Broker, sessions: Sessions
) -> None:
    worker = start_worker()
    wrong = event(CREATED, "1", "254000.00", "2026-01-09T12:00:00Z", **CAR)
    said = {"car_id": CAR_ID, "reason": "error", "occurred_at": "2026-01-26T12:00:00Z"}
    withdrawn = Event(WITHDRAWN, "/dealers/puebla", "2", said)
    right = CAR | {"car_id": f"{CAR_ID}-2", "model": "Jetta"}

    created = event(CREATED, "3", "246000.00", "2026-01-26T12:00:00Z", **right)
    await broker.publish([wrong, withdrawn, created])

    assert worker.wait_results(3) == {"applied": 3}
    page = await PostgresCatalogRepository(sessions).search(CatalogFilters(), Paging())
    assert [car.model for car in page.cars] == ["Jetta"]


async def test_a_withdrawal_by_mistake_is_corrected_by_a_later_creation(
    start_worker: StartWorker, broker: Broker, sessions: Sessions
) -> None:
    worker = start_worker()
    created = event(CREATED, "1", "254000.00", "2026-01-09T12:00:00Z", **CAR)
    said = {"car_id": CAR_ID, "reason": "sold", "occurred_at": "2026-01-26T12:00:00Z"}
    withdrawn = Event(WITHDRAWN, "/dealers/puebla", "2", said)
    again = event(CREATED, "3", "254000.00", "2026-01-26T12:00:01Z", **CAR)

    await broker.publish([again, withdrawn, created])

    worker.wait_results(3)
    assert (await read_cars(sessions))[CAR_ID].listing == again.listing
