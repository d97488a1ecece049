from collections.abc import Sequence
from datetime import datetime
from typing import Any

from worker.domain.entities.car import Car, ListingObservation, PriceObservation
from worker.domain.value_objects.car_description import fold
from worker.domain.value_objects.withdrawal_reason import WithdrawalReason
from worker.infra.db.models import CarModel
from worker.infra.db.repositories.row_mapping import RowMapping

_NOT_READ = object.__new__(ListingObservation)
"""Has no attributes: whoever asks it for one gets an error, not a wrong listing."""


def _to_car(row: Sequence[Any]) -> Car:
    id_, make, model, year, amount, occurred_at, source, message_id, *listed = row
    price = PriceObservation(amount, occurred_at, source, message_id)
    listing = _to_listing(*listed) if listed else _NOT_READ
    return Car(id_, make, model, year, price, listing)


def _to_listing(
    withdrawn: str | None, occurred_at: datetime, source: str, message_id: str
) -> ListingObservation:
    reason = None if withdrawn is None else WithdrawalReason(withdrawn)
    return ListingObservation(reason, occurred_at, source, message_id)


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
    seldom={
        CarModel.withdrawn_because: lambda car: car.listing.withdrawn_because,
        CarModel.listing_occurred_at: lambda car: car.listing.occurred_at,
        CarModel.listing_source: lambda car: car.listing.source,
        CarModel.listing_message_id: lambda car: car.listing.message_id,
    },
    seldom_part=lambda car: car.listing,
    derived={
        CarModel.make_key: lambda car: fold(car.make),
        CarModel.model_key: lambda car: fold(car.model),
    },
)
