from worker.application.outcomes import Decision, Outcome
from worker.application.use_cases.observe import observe
from worker.domain.entities.car import Car, PriceObservation


def observe_price(car: Car, price: PriceObservation) -> Decision:
    """Sets the price of the car if it is newer than the current one."""
    outcome = observe(price, car.price)
    return Decision(outcome, car.priced(price) if outcome is Outcome.APPLIED else None)
