"""The catalog at one moment, to try things on: what is applied here is forgotten."""

from collections import ChainMap
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from worker.domain.entities.early_observation import EarlyObservation
from worker.domain.entities.entity import Entity
from worker.domain.ports.dead_letter_records import DeadLetterRecord, DeadLetterRecords
from worker.domain.ports.early_observations import EarlyObservations
from worker.domain.ports.entity_store import EntityStore
from worker.domain.ports.processed_messages import ProcessedMessage, ProcessedMessages
from worker.domain.ports.unit_of_work import ConcurrentChangeError, UnitOfWork
from worker.domain.value_objects.message_identity import MessageIdentity
from worker.infra.db.engine import Sessions
from worker.infra.db.repositories.car_rows import CAR_ROWS
from worker.infra.db.repositories.early_observations import find_early_observations
from worker.infra.db.repositories.entity_store import select_by_ids
from worker.infra.db.repositories.financing_plan_rows import FINANCING_PLAN_ROWS
from worker.infra.db.repositories.processed_messages import PostgresProcessedMessages
from worker.infra.db.repositories.row_mapping import RowMapping

E = TypeVar("E", bound=Entity)
K = TypeVar("K")
V = TypeVar("V")

_READ_ONLY = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")


@asynccontextmanager
async def open_snapshot(sessions: Sessions) -> AsyncIterator["SnapshotUnitOfWork"]:
    """A transaction that can only read, and waits for nobody: it takes no lock on any row."""
    async with sessions() as session:
        connection = await session.connection()
        await connection.execute(_READ_ONLY)
        yield SnapshotUnitOfWork(connection)


class Layer(ChainMap[K, V]):
    """What a transaction changes, over what those before it have committed."""

    def commit(self) -> None:
        """Keeps the changes for the next transaction."""
        changes, committed = self.maps
        committed.update(changes)
        changes.clear()

    def roll_back(self) -> None:
        """Forgets the changes."""
        self.maps[0].clear()


class SnapshotUnitOfWork(UnitOfWork):
    """Looks like a transaction; what is committed stays in memory, for the next one to see."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.cars = SnapshotEntityStore(connection, CAR_ROWS)
        self.financing_plans = SnapshotEntityStore(connection, FINANCING_PLAN_ROWS)
        self.early_observations = SnapshotEarlyObservations(connection)
        self.processed_messages = SnapshotProcessedMessages(connection)
        self.dead_letters = ForgottenDeadLetters()
        self._layers: list[Layer[Any, Any]] = [
            self.cars.changed,
            self.financing_plans.changed,
            self.early_observations.kept,
            self.early_observations.removed,
            self.processed_messages.added,
        ]

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
        for layer in self._layers:
            layer.roll_back()

    @override
    async def commit(self) -> None:
        for layer in self._layers:
            layer.commit()


class SnapshotEntityStore(EntityStore[E]):
    """Entities as the database has them, unless they were changed here; none is locked."""

    def __init__(self, connection: AsyncConnection, rows: RowMapping[E]) -> None:
        self._connection = connection
        self._query = select_by_ids(rows.columns)
        self._to_entity = rows.to_entity
        self.changed = Layer[str, E]({}, {})

    @override
    async def lock(
        self, ids: Collection[str], /, *, whole: Collection[str] | None = None
    ) -> Mapping[str, E]:
        unknown = [id_ for id_ in ids if id_ not in self.changed]
        rows = await self._connection.execute(self._query, {"ids": unknown})
        stored = {entity.id: entity for entity in map(self._to_entity, rows)}
        return stored | {id_: self.changed[id_] for id_ in ids if id_ in self.changed}

    @override
    async def add(self, entities: Collection[E], /) -> None:
        if entities and await self.lock([entity.id for entity in entities]):
            raise ConcurrentChangeError
        await self.update(entities)

    @override
    async def update(self, entities: Collection[E], /) -> None:
        self.changed.update({entity.id: entity for entity in entities})


class SnapshotEarlyObservations(EarlyObservations):
    """What waits as the database has it, and what was changed here."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self.kept = Layer[tuple[str, str], EarlyObservation]({}, {})
        self.removed = Layer[tuple[str, str], None]({}, {})

    @override
    async def lock(
        self, *, created: Collection[str], awaited: Collection[str]
    ) -> Collection[EarlyObservation]:
        asked = {*created, *awaited}
        stored = await find_early_observations(self._connection, asked)
        waiting = {**{(early.car_id, early.about): early for early in stored}, **self.kept}
        return [
            early
            for key, early in waiting.items()
            if early.car_id in asked and key not in self.removed
        ]

    @override
    async def remove(self, observations: Collection[EarlyObservation]) -> None:
        self.removed.update({(early.car_id, early.about): None for early in observations})

    @override
    async def keep(self, observations: Collection[EarlyObservation]) -> None:
        self.kept.update({(early.car_id, early.about): early for early in observations})


class SnapshotProcessedMessages(ProcessedMessages):
    """The ids as the database has them, and those recorded here."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._stored = PostgresProcessedMessages(connection)
        self.added = Layer[MessageIdentity, bytes]({}, {})

    @override
    async def find(
        self, identities: Collection[MessageIdentity]
    ) -> Mapping[MessageIdentity, bytes]:
        added = {known: self.added[known] for known in identities if known in self.added}
        return {**await self._stored.find(identities), **added}

    @override
    async def amend(self, outcomes: Mapping[MessageIdentity, str]) -> None:
        return  # nobody asks a snapshot for outcomes

    @override
    async def add(self, messages: Collection[ProcessedMessage]) -> None:
        added = {message.identity: message.digest for message in messages}
        if added and await self.find(added):
            raise ConcurrentChangeError
        self.added.update(added)


class ForgottenDeadLetters(DeadLetterRecords):
    """Nobody asks a snapshot for its dead letters."""

    @override
    async def add(self, records: Collection[DeadLetterRecord]) -> None:
        return
