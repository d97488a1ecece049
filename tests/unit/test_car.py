from dataclasses import replace

from hypothesis import given

from tests.support.entities import CARS, PRICE_OBSERVATIONS
from worker.domain.entities.car import Car, PriceObservation


@given(car=CARS, price=PRICE_OBSERVATIONS)
def test_a_car_with_another_price_keeps_all_its_other_fields(
    car: Car, price: PriceObservation
) -> None:
    assert car.priced(price) == replace(car, price=price)
