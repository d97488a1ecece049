from typing import TypeVar, assert_never

from worker.application.outcomes import Decision, Outcome
from worker.domain.entities.car import Car, ListingObservation, PriceObservation
from worker.domain.entities.early_observation import Observation
from worker.domain.entities.financing_plan import FinancingPlan
from worker.domain.entities.observed import Observed

T = TypeVar("T", bound=Observed)


def compare(said: T, in_place: T | None) -> Outcome:
    """Compares two observations about one thing: the newest one wins."""
    if in_place is None or said.is_newer_than(in_place):
        return Outcome.APPLIED
    return Outcome.UNCHANGED if said.is_same_as(in_place) else Outcome.STALE


def observe(car: Car, said: Observation, plan: FinancingPlan | None) -> Decision:
    """Takes what is said of a car if it is newer than what is known.

    `plan` is the one in place, if a plan is offered and exists. It is replaced as a whole.
    """
    match said:
        case PriceObservation():
            outcome = compare(said, car.price)
            return Decision(outcome, (car.priced(said),) if outcome is Outcome.APPLIED else ())
        case ListingObservation():
            outcome = compare(said, car.listing)
            return Decision(outcome, (car.listed(said),) if outcome is Outcome.APPLIED else ())
        case FinancingPlan():
            outcome = compare(said, plan)
            return Decision(outcome, (said,) if outcome is Outcome.APPLIED else ())
        case _:
            assert_never(said)
