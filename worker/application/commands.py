"""What the worker is asked to do, decoded and checked: every field keeps its rule."""

from dataclasses import dataclass

from worker.domain.entities.car import PriceObservation
from worker.domain.value_objects.message_identity import MessageIdentity


@dataclass(frozen=True, slots=True)
class CreateCar:
    """Put a car into the catalog; its price is an observation like any other."""

    car_id: str
    make: str
    model: str
    year: int
    price: PriceObservation


@dataclass(frozen=True, slots=True)
class ChangePrice:
    """Note a price of a car that is in the catalog already."""

    car_id: str
    price: PriceObservation


Command = CreateCar | ChangePrice


@dataclass(frozen=True, slots=True)
class Replaced:
    """The message that an edited one takes the place of, and the digest to record for it."""

    identity: MessageIdentity
    digest: bytes


@dataclass(frozen=True, slots=True)
class CommandMessage:
    """A command together with the message that carried it.

    `digest` tells whether a second message of the same identity says the same. The id of the
    message that an edit `replaces` is recorded with its own: one of the two is applied, never both.
    """

    identity: MessageIdentity
    type: str
    command: Command
    digest: bytes
    replaces: Replaced | None = None
