from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar, assert_never

from worker.application.outcomes import Changed, Decision, Outcome
from worker.domain.entities.car import Car
from worker.domain.entities.early_observation import EarlyObservation, Observation
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


class Waiting:
    """What waits for the cars of a batch that are not created yet."""

    def __init__(self, stored: Iterable[EarlyObservation]) -> None:
        self._waiting: dict[str, dict[str, EarlyObservation]] = {}
        self._kept: dict[tuple[str, str], EarlyObservation] = {}
        self.taken: list[tuple[EarlyObservation, Outcome]] = []
        for early in stored:
            self._waiting.setdefault(early.car_id, {})[early.about] = early

    def get(self, early: EarlyObservation) -> EarlyObservation | None:
        """What waits for the same car, about the same thing."""
        return self._waiting.get(early.car_id, {}).get(early.about)

    def of(self, car_id: str) -> list[EarlyObservation]:
        """All that waits for a car."""
        return list(self._waiting.get(car_id, {}).values())

    def put(self, early: EarlyObservation) -> None:
        """Notes that this one waits now."""
        self._waiting.setdefault(early.car_id, {})[early.about] = early
        self._kept[early.car_id, early.about] = early

    def take(self, early: EarlyObservation, outcome: Outcome) -> None:
        """Notes that it waits no longer, and what became of it."""
        self._waiting.pop(early.car_id, None)
        self._kept.pop((early.car_id, early.about), None)
        self.taken.append((early, outcome))

    @property
    def kept(self) -> list[EarlyObservation]:
        """New ones, by car and thing: the order in which rows are locked."""
        return [self._kept[key] for key in sorted(self._kept)]


class CatalogState:
    """The part of the catalog that one batch touches."""

    def __init__(
        self,
        cars: Mapping[str, Car],
        financing_plans: Mapping[str, FinancingPlan],
        waiting: Iterable[EarlyObservation] = (),
    ) -> None:
        self.cars = Changes(cars)
        self.financing_plans = Changes(financing_plans)
        self.waiting = Waiting(waiting)

    def plan_in_place(self, said: Observation) -> FinancingPlan | None:
        """The plan that an offer is about, if there is one."""
        return self.financing_plans.get(said.id) if isinstance(said, FinancingPlan) else None

    def note(self, decision: Decision) -> None:
        """Notes what a message changes."""
        for changed in decision.changed:
            self._put(changed)
        for early, outcome in decision.taken:
            self.waiting.take(early, outcome)

    def _put(self, changed: Changed) -> None:
        match changed:
            case Car():
                self.cars.put(changed)
            case FinancingPlan():
                self.financing_plans.put(changed)
            case EarlyObservation():
                self.waiting.put(changed)
            case _:
                assert_never(changed)
