from collections.abc import Sequence
from typing import Any

from worker.domain.entities.car import Car, PriceObservation
from worker.domain.value_objects.car_description import fold
from worker.infra.db.models import CarModel
from worker.infra.db.repositories.row_mapping import RowMapping


def _to_car(row: Sequence[Any]) -> Car:
    id_, make, model, year, amount, occurred_at, source, message_id = row
    return Car(id_, make, model, year, PriceObservation(amount, occurred_at, source, message_id))


CAR_ROWS = RowMapping[Car](
    CarModel,
    _to_car,
    constant={
        CarModel.id: lambda car: car.id,
        CarModel.make: lambda car: car.make,
        CarModel.model: lambda car: car.model,
        CarModel.year: lambda car: car.year,
    },
    changing={
        CarModel.price_mxn: lambda car: car.price.amount,
        CarModel.price_occurred_at: lambda car: car.price.occurred_at,
        CarModel.price_source: lambda car: car.price.source,
        CarModel.price_message_id: lambda car: car.price.message_id,
    },
    derived={
        CarModel.make_key: lambda car: fold(car.make),
        CarModel.model_key: lambda car: fold(car.model),
    },
)
