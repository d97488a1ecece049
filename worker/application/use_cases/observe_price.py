from worker.application.outcomes import Decision, Outcome
from worker.domain.entities.car import Car, PriceObservation


def observe_price(car: Car, price: PriceObservation) -> Decision:
    """The one rule about prices: the newest observation stands."""
    if price.is_newer_than(car.price):
        return Decision(Outcome.APPLIED, car.priced(price))
    return Decision(Outcome.UNCHANGED if price.is_same_as(car.price) else Outcome.STALE)
