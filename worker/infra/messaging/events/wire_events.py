"""The data of each event as publishers send it, and the command that it becomes."""

from abc import abstractmethod
from datetime import datetime
from decimal import Decimal

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator
from typing_extensions import override

from worker.application.commands import (
    ChangePrice,
    Command,
    CreateCar,
    OfferFinancingPlan,
    WithdrawCar,
)
from worker.domain.entities.car import PriceObservation
from worker.domain.entities.financing_plan import FinancingPlan
from worker.domain.value_objects.financing_terms import FinancingTerms
from worker.domain.value_objects.message_identity import MessageIdentity
from worker.infra.messaging.events.wire_fields import (
    Amount,
    AnnualRate,
    Id,
    Instant,
    Name,
    Price,
    Reason,
    TermMonths,
    Year,
)


class WireEvent(BaseModel):
    """Validated with the worker's clock as context; unknown fields are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    @abstractmethod
    def to_command(self, identity: MessageIdentity) -> Command:
        """The command for this event; the identity is part of the order of observations."""


class CarCreatedV1(WireEvent):
    """`inventory.car-created.v1`: a car was added to the inventory."""

    car_id: Id
    make: Name
    model: Name
    year: Year
    price_mxn: Price
    occurred_at: Instant

    @override
    def to_command(self, identity: MessageIdentity) -> CreateCar:
        price = PriceObservation(self.price_mxn, self.occurred_at, *identity)
        return CreateCar(self.car_id, self.make, self.model, self.year, price)


class PriceChangedV1(WireEvent):
    """`inventory.price-changed.v1`: the price of a car changed."""

    car_id: Id
    price_mxn: Price
    occurred_at: Instant

    @override
    def to_command(self, identity: MessageIdentity) -> ChangePrice:
        return ChangePrice(
            self.car_id, PriceObservation(self.price_mxn, self.occurred_at, *identity)
        )


class CarWithdrawnV1(WireEvent):
    """`inventory.car-withdrawn.v1`: a car is no longer offered."""

    car_id: Id
    reason: Reason
    occurred_at: Instant

    @override
    def to_command(self, identity: MessageIdentity) -> WithdrawCar:
        return WithdrawCar(self.car_id, self.reason, self.occurred_at, *identity)


class FinancingPlanOfferedV1(WireEvent):
    """`inventory.financing-plan-offered.v1`: a financing plan is offered for a car."""

    plan_id: Id
    car_id: Id
    annual_rate: AnnualRate
    term_months: TermMonths
    down_payment_mxn: Amount
    monthly_payment_mxn: Price
    total_paid_mxn: Price
    occurred_at: Instant

    @field_validator("total_paid_mxn")
    @classmethod
    def _adds_up(cls, total: Decimal, info: ValidationInfo[datetime]) -> Decimal:
        """Checks the total if all its parts are valid; a wrong sum is an error of the total."""
        read = info.data
        if {"annual_rate", "term_months", "down_payment_mxn", "monthly_payment_mxn"} <= read.keys():
            FinancingTerms(
                read["annual_rate"],
                read["term_months"],
                read["down_payment_mxn"],
                read["monthly_payment_mxn"],
                total,
            )
        return total

    @override
    def to_command(self, identity: MessageIdentity) -> OfferFinancingPlan:
        terms = FinancingTerms(
            self.annual_rate,
            self.term_months,
            self.down_payment_mxn,
            self.monthly_payment_mxn,
            self.total_paid_mxn,
        )
        plan = FinancingPlan(self.plan_id, self.car_id, terms, self.occurred_at, *identity)
        return OfferFinancingPlan(plan)


CREATION_TYPE = "inventory.car-created.v1"
PRICE_CHANGE_TYPE = "inventory.price-changed.v1"

EVENT_TYPES: dict[str, type[WireEvent]] = {
    CREATION_TYPE: CarCreatedV1,
    PRICE_CHANGE_TYPE: PriceChangedV1,
    "inventory.car-withdrawn.v1": CarWithdrawnV1,
    "inventory.financing-plan-offered.v1": FinancingPlanOfferedV1,
}
"""All supported types by their name on the wire, which is also the routing key."""
