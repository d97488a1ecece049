from collections.abc import Callable, Sequence

from worker.application.commands import CreateCar
from worker.application.outcomes import Decision, Outcome
from worker.application.use_cases.observe import compare
from worker.application.use_cases.take_in import take_in
from worker.domain.entities.car import Car
from worker.domain.entities.early_observation import EarlyObservation, Observation
from worker.domain.entities.financing_plan import FinancingPlan
from worker.domain.errors import CarAlreadyExistsError


def create_car(
    command: CreateCar,
    waiting: Sequence[EarlyObservation],
    plan_in_place: Callable[[Observation], FinancingPlan | None],
) -> Decision:
    """Adds the car, with what waits for it."""
    id_, make, model, year = command.car_id, command.make, command.model, command.year
    car = Car(id_, make, model, year, command.price, command.listing)
    return take_in(car, waiting, plan_in_place)


def create_again(command: CreateCar, existing: Car) -> Decision:
    """Takes price and listing of a creation if they are newer; the car is there already.

    Raises:
        CarAlreadyExistsError: the existing car has another make, model or year; the first
            committed creation wins.
    """
    if not existing.is_described_as(command.make, command.model, command.year):
        raise CarAlreadyExistsError(
            f"car {existing.id} is a {existing.make} {existing.model} {existing.year}, "
            f"not a {command.make} {command.model} {command.year}"
        )
    price = compare(command.price, existing.price)
    listing = compare(command.listing, existing.listing)
    if price is listing is not Outcome.APPLIED:
        return Decision(price)
    if Outcome.APPLIED not in {price, listing}:
        return Decision(Outcome.STALE)
    car = existing.priced(command.price) if price is Outcome.APPLIED else existing
    return Decision(
        Outcome.APPLIED, (car.listed(command.listing) if listing is Outcome.APPLIED else car,)
    )
