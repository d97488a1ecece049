"""What the worker is asked to do, decoded and checked: every field keeps its rule.

`digest_name` and `digest_fields` are what `digest.py` hashes, in this order: digests of former
releases are in the database, so read there what may change.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from worker.domain.entities.car import PriceObservation
from worker.domain.entities.financing_plan import FinancingPlan
from worker.domain.value_objects.message_identity import MessageIdentity


@dataclass(frozen=True, slots=True)
class CreateCar:
    """Put a car into the catalog; its price is an observation like any other."""

    digest_name: ClassVar = "create-car"
    digest_fields: ClassVar[tuple[str, ...]] = (
        *("car_id", "make", "model", "year"),
        *("price.amount", "price.occurred_at"),
    )

    car_id: str
    make: str
    model: str
    year: int
    price: PriceObservation

    @property
    def occurred_at(self) -> datetime:
        """When the change happened upstream."""
        return self.price.occurred_at


@dataclass(frozen=True, slots=True)
class ChangePrice:
    """Note a price of a car that is in the catalog already."""

    digest_name: ClassVar = "change-price"
    digest_fields: ClassVar[tuple[str, ...]] = ("car_id", "price.amount", "price.occurred_at")

    car_id: str
    price: PriceObservation

    @property
    def occurred_at(self) -> datetime:
        """When the change happened upstream."""
        return self.price.occurred_at


@dataclass(frozen=True, slots=True)
class OfferFinancingPlan:
    """Note a plan by which a car that is in the catalog already can be paid."""

    digest_name: ClassVar = "offer-financing-plan"
    digest_fields: ClassVar[tuple[str, ...]] = (
        *("plan.id", "plan.car_id"),
        *("plan.terms.annual_rate", "plan.terms.term_months", "plan.terms.down_payment"),
        *("plan.terms.monthly_payment", "plan.terms.total_paid", "plan.occurred_at"),
    )

    plan: FinancingPlan

    @property
    def car_id(self) -> str:
        """The car that the plan is for."""
        return self.plan.car_id

    @property
    def occurred_at(self) -> datetime:
        """When the change happened upstream."""
        return self.plan.occurred_at


Command = CreateCar | ChangePrice | OfferFinancingPlan


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
