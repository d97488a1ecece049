from collections.abc import Iterable
from typing import assert_never

from worker.domain.entities.car import ListingObservation, PriceObservation
from worker.domain.entities.financing_plan import FinancingPlan
from worker.domain.record import record

Observation = PriceObservation | ListingObservation | FinancingPlan
"""What a message can say of a car."""


@record
class EarlyObservation:
    """What was said of a car that is not created yet; it waits for the creation."""

    car_id: str
    said: Observation

    @property
    def about(self) -> str:
        """What it is about: of each car, only the newest observation about one thing is kept."""
        return about(self.said)


def plan_ids_of(waiting: Iterable[EarlyObservation]) -> set[str]:
    """The ids of the plans among them."""
    return {early.said.id for early in waiting if isinstance(early.said, FinancingPlan)}


def about(said: Observation) -> str:
    """`price`, `listing`, or `plan` with its id."""
    match said:
        case PriceObservation():
            return "price"
        case ListingObservation():
            return "listing"
        case FinancingPlan():
            return f"plan {said.id}"
        case _:
            assert_never(said)
