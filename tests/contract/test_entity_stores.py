"""What is stored comes back whole, whichever fields an entity has."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.catalogs import in_postgres
from tests.support.entities import CARS, PRICE_OBSERVATIONS, plans
from tests.support.units_of_work import unit_of_work
from worker.domain.entities.car import Car, PriceObservation
from worker.domain.entities.financing_plan import FinancingPlan
from worker.infra.db.engine import Sessions

some = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@some
@given(car=CARS, price=PRICE_OBSERVATIONS)
async def test_a_car_is_stored_with_every_field_and_updated_with_its_new_price(
    sessions: Sessions, car: Car, price: PriceObservation
) -> None:
    await in_postgres(sessions, [car])

    async with unit_of_work(sessions) as work:
        assert await work.cars.lock({car.id}) == {car.id: car}
        await work.cars.update([car.priced(price)])
        assert await work.cars.lock({car.id}) == {car.id: car.priced(price)}


@some
@given(
    cars=st.lists(CARS, min_size=2, max_size=2, unique_by=lambda car: car.id),
    price=PRICE_OBSERVATIONS,
)
async def test_a_car_whose_listing_nobody_asks_for_keeps_it(
    sessions: Sessions, cars: list[Car], price: PriceObservation
) -> None:
    await in_postgres(sessions, cars)
    usual, whole = cars
    ids = {car.id for car in cars}

    async with unit_of_work(sessions) as work:
        locked = await work.cars.lock(ids, whole={whole.id, "nobody"})
        assert locked[whole.id] == whole
        assert locked[usual.id].price == usual.price
        with pytest.raises(AttributeError):
            _ = locked[usual.id].listing.occurred_at
        await work.cars.update([locked[car.id].priced(price) for car in cars])
        assert await work.cars.lock(ids) == {car.id: car.priced(price) for car in cars}


@some
@given(
    cars=st.lists(CARS, min_size=2, max_size=2, unique_by=lambda car: car.id),
    offered=plans(id=st.just("p"), car_id=st.just("")),
    later=plans(id=st.just("p"), car_id=st.just("")),
)
async def test_a_plan_is_stored_and_updated_with_every_field(
    sessions: Sessions, cars: list[Car], offered: FinancingPlan, later: FinancingPlan
) -> None:
    offered, later = (
        replace(plan, car_id=car.id) for plan, car in zip((offered, later), cars, strict=True)
    )
    await in_postgres(sessions, cars, [offered])

    async with unit_of_work(sessions) as work:
        assert await work.financing_plans.lock({"p"}) == {"p": offered}
        await work.financing_plans.update([later])
        assert await work.financing_plans.lock({"p"}) == {"p": later}
