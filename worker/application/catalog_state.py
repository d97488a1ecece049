from collections.abc import Mapping

from worker.domain.entities.car import Car


class CatalogState:
    """The part of the catalog that one batch touches, as its messages change it in turn."""

    def __init__(self, cars: Mapping[str, Car]) -> None:
        self._stored = cars
        self._changed: dict[str, Car] = {}

    def car(self, car_id: str) -> Car | None:
        """The car as the messages decided so far have left it."""
        return self._changed.get(car_id) or self._stored.get(car_id)

    def put(self, car: Car) -> None:
        """Notes that the car is now this one."""
        self._changed[car.id] = car

    @property
    def added_cars(self) -> list[Car]:
        """Cars the catalog did not have before, by id: the order in which rows are locked."""
        return sorted(
            (car for car in self._changed.values() if car.id not in self._stored), key=_car_id
        )

    @property
    def updated_cars(self) -> list[Car]:
        """Cars the catalog had with another price, by id."""
        return sorted(
            (car for car in self._changed.values() if car.id in self._stored), key=_car_id
        )


def _car_id(car: Car) -> str:
    return car.id
