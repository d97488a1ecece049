from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, TypeVar

from typing_extensions import override

from worker.domain.entities.car import Car
from worker.domain.entities.early_observation import EarlyObservation
from worker.domain.entities.entity import Entity
from worker.domain.entities.financing_plan import FinancingPlan
from worker.domain.ports.dead_letter_records import DeadLetterRecord, DeadLetterRecords
from worker.domain.ports.early_observations import EarlyObservations
from worker.domain.ports.entity_store import EntityStore
from worker.domain.ports.processed_messages import ProcessedMessage, ProcessedMessages
from worker.domain.ports.unit_of_work import ConcurrentChangeError, UnitOfWork
from worker.domain.value_objects.message_identity import MessageIdentity

E = TypeVar("E", bound=Entity)


@dataclass(slots=True)
class MemoryStore:
    """What is committed."""

    cars: dict[str, Car] = field(default_factory=dict)
    financing_plans: dict[str, FinancingPlan] = field(default_factory=dict)
    early: dict[tuple[str, str], EarlyObservation] = field(default_factory=dict)
    processed: dict[MessageIdentity, bytes] = field(default_factory=dict)
    dead_letters: dict[bytes, DeadLetterRecord] = field(default_factory=dict)


class InMemoryUnitOfWork(UnitOfWork):
    """A transaction on a `MemoryStore`, for one task at a time: nothing else runs beside it."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self.cars = InMemoryEntityStore(store.cars)
        self.financing_plans = InMemoryEntityStore(store.financing_plans)
        self.early_observations = InMemoryEarlyObservations(store.early)
        self.processed_messages = InMemoryProcessedMessages(store.processed)
        self.dead_letters = InMemoryDeadLetterRecords()

    @override
    async def __aenter__(self) -> Self:
        return self

    @override
    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        return

    @override
    async def commit(self) -> None:
        self._store.cars.update(self.cars.pending)
        self._store.financing_plans.update(self.financing_plans.pending)
        self._store.early = self.early_observations.pending
        self._store.processed.update(self.processed_messages.pending)
        self._store.dead_letters.update(self.dead_letters.pending)


class InMemoryEntityStore(EntityStore[E]):
    """Entities to be changed; the changes wait for the commit."""

    def __init__(self, stored: Mapping[str, E]) -> None:
        self._stored = stored
        self.pending: dict[str, E] = {}

    @override
    async def lock(
        self, ids: Collection[str], /, *, whole: Collection[str] | None = None
    ) -> Mapping[str, E]:
        return {known: self._stored[known] for known in ids if known in self._stored}

    @override
    async def add(self, entities: Collection[E], /) -> None:
        if any(entity.id in self._stored for entity in entities):
            raise ConcurrentChangeError
        await self.update(entities)

    @override
    async def update(self, entities: Collection[E], /) -> None:
        self.pending.update({entity.id: entity for entity in entities})


class InMemoryEarlyObservations(EarlyObservations):
    """What waits for cars, by car and thing; `pending` is what waits after the commit."""

    def __init__(self, stored: Mapping[tuple[str, str], EarlyObservation]) -> None:
        self.pending = dict(stored)

    @override
    async def lock(
        self, *, created: Collection[str], awaited: Collection[str]
    ) -> Collection[EarlyObservation]:
        asked = {*created, *awaited}
        return [early for early in self.pending.values() if early.car_id in asked]

    @override
    async def remove(self, observations: Collection[EarlyObservation]) -> None:
        for early in observations:
            del self.pending[early.car_id, early.about]

    @override
    async def keep(self, observations: Collection[EarlyObservation]) -> None:
        self.pending.update({(early.car_id, early.about): early for early in observations})


class InMemoryProcessedMessages(ProcessedMessages):
    """The recorded ids; new ones wait for the commit."""

    def __init__(self, processed: Mapping[MessageIdentity, bytes]) -> None:
        self._processed = processed
        self.pending: dict[MessageIdentity, bytes] = {}

    @override
    async def find(
        self, identities: Collection[MessageIdentity]
    ) -> Mapping[MessageIdentity, bytes]:
        return {known: self._processed[known] for known in identities if known in self._processed}

    @override
    async def amend(self, outcomes: Mapping[MessageIdentity, str]) -> None:
        return  # nobody asks for outcomes here

    @override
    async def add(self, messages: Collection[ProcessedMessage]) -> None:
        if any(message.identity in self._processed for message in messages):
            raise ConcurrentChangeError
        self.pending.update({message.identity: message.digest for message in messages})


class InMemoryDeadLetterRecords(DeadLetterRecords):
    """Dead letters that wait for the commit."""

    def __init__(self) -> None:
        self.pending: dict[bytes, DeadLetterRecord] = {}

    @override
    async def add(self, records: Collection[DeadLetterRecord]) -> None:
        self.pending.update({record.key: record for record in records})
