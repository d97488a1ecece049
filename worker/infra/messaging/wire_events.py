"""The data of the events as publishers send it, and the command that each one means."""

from abc import abstractmethod
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainValidator, ValidationInfo

from worker.application.commands import ChangePrice, Command, CreateCar
from worker.domain.entities.car import PriceObservation
from worker.domain.errors import InvalidValueError
from worker.domain.value_objects.car_description import parse_car_id, parse_name, parse_year
from worker.domain.value_objects.message_identity import MessageIdentity
from worker.domain.value_objects.money import parse_price
from worker.domain.value_objects.occurrence import parse_occurred_at
from worker.infra.messaging.json_text import JsonNumber


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise InvalidValueError(value, "a string")
    return value


def _read_car_id(value: object) -> str:
    return parse_car_id(_text(value))


def _read_name(value: object) -> str:
    return parse_name(_text(value))


def _read_year(value: object, info: ValidationInfo[datetime]) -> int:
    if not isinstance(value, JsonNumber):
        raise InvalidValueError(value, "a JSON number")
    return parse_year(value.text, info.context)


def _read_price(value: object) -> Decimal:
    return parse_price(value.text if isinstance(value, JsonNumber) else _text(value))


def _read_instant(value: object, info: ValidationInfo[datetime]) -> datetime:
    return parse_occurred_at(_text(value), info.context)


CarId = Annotated[str, PlainValidator(_read_car_id)]
Name = Annotated[str, PlainValidator(_read_name)]
Year = Annotated[int, PlainValidator(_read_year)]
Price = Annotated[Decimal, PlainValidator(_read_price)]
Instant = Annotated[datetime, PlainValidator(_read_instant)]


class WireEvent(BaseModel):
    """Validate with the worker's clock as context; fields we do not know are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    @abstractmethod
    def to_command(self, identity: MessageIdentity) -> Command:
        """What the event asks for; the identity takes part in the order of prices."""


class CarCreatedV1(WireEvent):
    """`inventory.car-created.v1`: a car came into the inventory."""

    car_id: CarId
    make: Name
    model: Name
    year: Year
    price_mxn: Price
    occurred_at: Instant

    def to_command(self, identity: MessageIdentity) -> CreateCar:
        """See the base."""
        price = PriceObservation(self.price_mxn, self.occurred_at, *identity)
        return CreateCar(self.car_id, self.make, self.model, self.year, price)


class PriceChangedV1(WireEvent):
    """`inventory.price-changed.v1`: a car has another price."""

    car_id: CarId
    price_mxn: Price
    occurred_at: Instant

    def to_command(self, identity: MessageIdentity) -> ChangePrice:
        """See the base."""
        return ChangePrice(
            self.car_id, PriceObservation(self.price_mxn, self.occurred_at, *identity)
        )


EVENT_TYPES: dict[str, type[WireEvent]] = {
    "inventory.car-created.v1": CarCreatedV1,
    "inventory.price-changed.v1": PriceChangedV1,
}
"""Every type we take: the name on the wire, which is the routing key too."""
