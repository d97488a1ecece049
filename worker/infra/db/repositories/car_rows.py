"""Rows of `cars` as entities: the one place that knows both."""

from collections.abc import Sequence
from typing import Any

from worker.domain.entities.car import Car, PriceObservation
from worker.infra.db.models import CarModel

CAR_COLUMNS = (
    CarModel.id,
    CarModel.make,
    CarModel.model,
    CarModel.year,
    CarModel.price_mxn,
    CarModel.price_occurred_at,
    CarModel.price_source,
    CarModel.price_message_id,
)


def to_car(row: Sequence[Any]) -> Car:
    """The car of a row that begins with `CAR_COLUMNS`."""
    id_, make, model, year, amount, occurred_at, source, message_id = row[:8]
    return Car(id_, make, model, year, PriceObservation(amount, occurred_at, source, message_id))
