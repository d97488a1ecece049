from worker.application.commands import ChangePrice
from worker.application.outcomes import Decision
from worker.application.use_cases.observe_price import observe_price
from worker.domain.entities.car import Car
from worker.domain.errors import CarNotFoundError


def change_price(command: ChangePrice, existing: Car | None) -> Decision:
    """Changes the price if it is newer than the current one.

    Raises:
        CarNotFoundError: the creation has not arrived yet; it may still arrive.
    """
    if existing is None:
        raise CarNotFoundError(f"no car {command.car_id} was created yet")
    return observe_price(existing, command.price)
