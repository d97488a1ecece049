from worker.application.commands import OfferFinancingPlan
from worker.application.outcomes import Decision, Outcome
from worker.application.use_cases.observe import observe
from worker.domain.entities.car import Car
from worker.domain.entities.financing_plan import FinancingPlan
from worker.domain.errors import CarNotFoundError


def offer_financing_plan(
    command: OfferFinancingPlan, car: Car | None, existing: FinancingPlan | None
) -> Decision:
    """Stores the plan as a whole if it is new, or newer than the current one.

    Raises:
        CarNotFoundError: the creation of the car has not arrived yet; it may still arrive.
    """
    if car is None:
        raise CarNotFoundError(f"no car {command.car_id} was created yet")
    outcome = observe(command.plan, existing)
    return Decision(outcome, command.plan if outcome is Outcome.APPLIED else None)
