from worker.application.commands import CreateCar
from worker.application.outcomes import Decision, Outcome
from worker.application.use_cases.observe_price import observe_price
from worker.domain.entities.car import Car
from worker.domain.errors import CarAlreadyExistsError


def create_car(command: CreateCar, existing: Car | None) -> Decision:
    """Adds the car; if it exists already, only its price is considered.

    Raises:
        CarAlreadyExistsError: the existing car has another make, model or year; the first
            committed creation wins.
    """
    if existing is None:
        car = Car(command.car_id, command.make, command.model, command.year, command.price)
        return Decision(Outcome.APPLIED, car)
    if not existing.is_described_as(command.make, command.model, command.year):
        raise CarAlreadyExistsError(
            f"car {existing.id} is a {existing.make} {existing.model} {existing.year}, "
            f"not a {command.make} {command.model} {command.year}"
        )
    return observe_price(existing, command.price)
