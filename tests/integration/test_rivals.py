"""What two workers do at the same moment, at the seam where one of them must notice."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.support.units_of_work import unit_of_work
from worker.domain.entities.car import Car, ListingObservation, PriceObservation
from worker.domain.ports.processed_messages import ProcessedMessage
from worker.domain.ports.unit_of_work import ConcurrentChangeError
from worker.domain.value_objects.message_identity import MessageIdentity
from worker.infra.db.engine import Sessions

IDENTITY = MessageIdentity("/dealers", "m-1")
MESSAGE = ProcessedMessage(IDENTITY, "inventory.car-created.v1", "a", "applied", b"digest")
PRICE = PriceObservation(Decimal("1.00"), datetime(2026, 1, 1, tzinfo=UTC), *IDENTITY)
CAR = Car("a", "Nissan", "Versa", 2020, PRICE, ListingObservation.by_creation(PRICE))


async def test_an_id_that_another_worker_records_meanwhile_is_noticed(sessions: Sessions) -> None:
    async with unit_of_work(sessions) as ours, unit_of_work(sessions) as theirs:
        assert await ours.processed_messages.find({IDENTITY}) == {}
        await theirs.processed_messages.add([MESSAGE])
        await theirs.commit()

        with pytest.raises(ConcurrentChangeError):
            await ours.processed_messages.add([MESSAGE])


async def test_a_car_that_another_worker_creates_meanwhile_is_noticed(sessions: Sessions) -> None:
    async with unit_of_work(sessions) as ours, unit_of_work(sessions) as theirs:
        assert await ours.cars.lock({"a"}) == {}
        await theirs.cars.add([CAR])
        await theirs.commit()

        with pytest.raises(ConcurrentChangeError):
            await ours.cars.add([CAR])
