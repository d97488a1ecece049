from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from worker.domain.entities.car import Car
from worker.domain.ports.processed_messages import ProcessedMessage
from worker.domain.value_objects.message_identity import MessageIdentity


@dataclass(slots=True)
class MemoryStore:
    """What is committed."""

    cars: dict[str, Car] = field(default_factory=dict)
    processed: dict[MessageIdentity, bytes] = field(default_factory=dict)


class InMemoryUnitOfWork:
    """A transaction on a `MemoryStore`, for one task at a time: nothing else runs beside it."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self.cars = InMemoryCarStore(store.cars)
        self.processed_messages = InMemoryProcessedMessages(store.processed)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        return

    async def commit(self) -> None:
        """See the port."""
        self._store.cars.update(self.cars.pending)
        self._store.processed.update(self.processed_messages.pending)


class InMemoryCarStore:
    """Cars to be changed; the changes wait for the commit."""

    def __init__(self, cars: Mapping[str, Car]) -> None:
        self._cars = cars
        self.pending: dict[str, Car] = {}

    async def lock(self, car_ids: Collection[str]) -> Mapping[str, Car]:
        """See the port."""
        return {car_id: self._cars[car_id] for car_id in car_ids if car_id in self._cars}

    async def add(self, cars: Collection[Car]) -> None:
        """See the port."""
        await self.update(cars)

    async def update(self, cars: Collection[Car]) -> None:
        """See the port."""
        self.pending.update({car.id: car for car in cars})


class InMemoryProcessedMessages:
    """The recorded ids; new ones wait for the commit."""

    def __init__(self, processed: Mapping[MessageIdentity, bytes]) -> None:
        self._processed = processed
        self.pending: dict[MessageIdentity, bytes] = {}

    async def find(
        self, identities: Collection[MessageIdentity]
    ) -> Mapping[MessageIdentity, bytes]:
        """See the port."""
        return {known: self._processed[known] for known in identities if known in self._processed}

    async def add(self, messages: Collection[ProcessedMessage]) -> None:
        """See the port."""
        self.pending.update({message.identity: message.digest for message in messages})
