"""A fingerprint of what a command says, stored beside the id of its message."""

from hashlib import blake2b
from typing import assert_never

from worker.application.commands import ChangePrice, Command, CreateCar
from worker.domain.entities.car import PriceObservation

DIGEST_BYTES = 16
_SEPARATOR = "\x1f"  # no field can hold it: control characters are refused


def digest_of(command: Command) -> bytes:
    """Equal for equal commands, in every release: it lives in the database for weeks."""
    text = _SEPARATOR.join(_fields(command))
    return blake2b(text.encode(), digest_size=DIGEST_BYTES).digest()


def _fields(command: Command) -> tuple[str, ...]:
    match command:
        case CreateCar():
            described = (command.make, command.model, str(command.year))
            return ("create-car", command.car_id, *described, *_price_fields(command.price))
        case ChangePrice():
            return ("change-price", command.car_id, *_price_fields(command.price))
        case _:
            assert_never(command)


def _price_fields(price: PriceObservation) -> tuple[str, str]:
    return f"{price.amount:f}", price.occurred_at.isoformat()
