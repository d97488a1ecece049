"""Reads the events that nearly all messages are, by the rules of the models in `wire_events.py`.

They cost a third of the time, because pydantic has no part in it. It has the words for an error:
what is refused here is read again by its model.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from worker.application.commands import ChangePrice, Command, CreateCar
from worker.domain.entities.car import PriceObservation
from worker.domain.value_objects.car_description import parse_name, parse_year
from worker.domain.value_objects.entity_id import parse_entity_id
from worker.domain.value_objects.message_identity import MessageIdentity
from worker.domain.value_objects.money import parse_price
from worker.domain.value_objects.occurrence import parse_occurred_at
from worker.infra.messaging.events.wire_events import CREATION_TYPE, PRICE_CHANGE_TYPE
from worker.infra.messaging.events.wire_fields import number, text, text_or_number

Data = dict[str, Any]


def _read_creation(data: Data, now: datetime, identity: MessageIdentity) -> CreateCar:
    return CreateCar(
        parse_entity_id(text(data["car_id"])),
        parse_name(text(data["make"])),
        parse_name(text(data["model"])),
        parse_year(number(data["year"]), now),
        _read_price(data, now, identity),
    )


def _read_price_change(data: Data, now: datetime, identity: MessageIdentity) -> ChangePrice:
    return ChangePrice(
        parse_entity_id(text(data["car_id"])),
        _read_price(data, now, identity),
    )


def _read_price(data: Data, now: datetime, identity: MessageIdentity) -> PriceObservation:
    return PriceObservation(
        parse_price(text_or_number(data["price_mxn"])),
        parse_occurred_at(text(data["occurred_at"]), now),
        *identity,
    )


QUICK_EVENTS: dict[str, Callable[[Data, datetime, MessageIdentity], Command]] = {
    CREATION_TYPE: _read_creation,
    PRICE_CHANGE_TYPE: _read_price_change,
}
"""By type. They raise KeyError or ValueError where a field is missing or wrong."""
