from collections.abc import Mapping
from typing import Generic, TypeVar, assert_never

from worker.domain.entities.car import Car
from worker.domain.entities.entity import Entity
from worker.domain.entities.financing_plan import FinancingPlan

E = TypeVar("E", bound=Entity)


class Changes(Generic[E]):
    """The entities of one kind that a batch touches, with the changes of its messages so far."""

    def __init__(self, stored: Mapping[str, E]) -> None:
        self._stored = stored
        self._changed: dict[str, E] = {}

    def get(self, entity_id: str) -> E | None:
        """The entity after the messages decided so far."""
        return self._changed.get(entity_id) or self._stored.get(entity_id)

    def put(self, entity: E) -> None:
        """Notes that the entity is now this one."""
        self._changed[entity.id] = entity

    @property
    def added(self) -> list[E]:
        """Entities not stored before, by id: the order in which rows are locked."""
        return [entity for entity in self._by_id() if entity.id not in self._stored]

    @property
    def updated(self) -> list[E]:
        """Stored entities that changed, by id."""
        return [entity for entity in self._by_id() if entity.id in self._stored]

    def _by_id(self) -> list[E]:
        return [self._changed[entity_id] for entity_id in sorted(self._changed)]


class CatalogState:
    """The part of the catalog that one batch touches."""

    def __init__(
        self, cars: Mapping[str, Car], financing_plans: Mapping[str, FinancingPlan]
    ) -> None:
        self.cars = Changes(cars)
        self.financing_plans = Changes(financing_plans)

    def put(self, entity: Car | FinancingPlan) -> None:
        """Notes that the entity is now this one."""
        match entity:
            case Car():
                self.cars.put(entity)
            case FinancingPlan():
                self.financing_plans.put(entity)
            case _:
                assert_never(entity)
