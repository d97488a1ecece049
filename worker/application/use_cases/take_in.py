from collections.abc import Callable, Iterable

from worker.application.outcomes import Decision, Outcome
from worker.application.use_cases.observe import observe
from worker.domain.entities.car import Car
from worker.domain.entities.early_observation import EarlyObservation, Observation
from worker.domain.entities.financing_plan import FinancingPlan


def take_in(
    car: Car,
    waiting: Iterable[EarlyObservation],
    plan_in_place: Callable[[Observation], FinancingPlan | None],
) -> Decision:
    """Stores the car with what waits for it, as if that came just now."""
    plans, taken = [], []
    for early in waiting:
        decision = observe(car, early.said, plan_in_place(early.said))
        taken.append((early, decision.outcome))
        for changed in decision.changed:
            if isinstance(changed, Car):
                car = changed
            else:
                plans.append(changed)
    return Decision(Outcome.APPLIED, (car, *plans), tuple(taken))
