"""What the worker is asked to do, decoded and checked: every field keeps its rule.

`digest_name` and `digest_fields` are what `digest.py` hashes, in this order: digests of former
releases are in the database, so read there what may change.
"""

from datetime import datetime
from typing import ClassVar

from worker.domain.entities.car import ListingObservation, PriceObservation
from worker.domain.entities.financing_plan import FinancingPlan
from worker.domain.record import record
from worker.domain.value_objects.message_identity import MessageIdentity
from worker.domain.value_objects.withdrawal_reason import WithdrawalReason


@record
class CreateCar:
    """Put a car into the catalog; its price and listing are observations like any other."""

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
    def listing(self) -> ListingObservation:
        """That the car is listed."""
        return ListingObservation.by_creation(self.price)

    @property
    def occurred_at(self) -> datetime:
        """When the change happened upstream."""
        return self.price.occurred_at


@record
class ChangePrice:
    """Note a price of a car."""

    digest_name: ClassVar = "change-price"
    digest_fields: ClassVar[tuple[str, ...]] = ("car_id", "price.amount", "price.occurred_at")

    car_id: str
    price: PriceObservation

    @property
    def observation(self) -> PriceObservation:
        """What it says of the car."""
        return self.price

    @property
    def occurred_at(self) -> datetime:
        """When the change happened upstream."""
        return self.price.occurred_at


@record
class WithdrawCar:
    """Take a car off the list; it stays in the catalog, and a newer creation lists it again."""

    digest_name: ClassVar = "withdraw-car"
    digest_fields: ClassVar[tuple[str, ...]] = ("car_id", "reason", "occurred_at")

    car_id: str
    reason: WithdrawalReason
    occurred_at: datetime
    source: str
    message_id: str

    @property
    def observation(self) -> ListingObservation:
        """What it says of the car."""
        return ListingObservation(self.reason, self.occurred_at, self.source, self.message_id)


@record
class OfferFinancingPlan:
    """Note a plan by which a car can be paid."""

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
    def observation(self) -> FinancingPlan:
        """What it says of the car."""
        return self.plan

    @property
    def occurred_at(self) -> datetime:
        """When the change happened upstream."""
        return self.plan.occurred_at


Command = CreateCar | ChangePrice | WithdrawCar | OfferFinancingPlan


@record
class Replaced:
    """The message that an edited one takes the place of, and the digest to record for it."""

    identity: MessageIdentity
    digest: bytes


@record
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
