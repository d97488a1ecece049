"""The catalog at one moment, to try things on: what is applied here is forgotten."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from sqlalchemy import Executable, bindparam, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import ARRAY, Text

from worker.domain.entities.entity import Entity
from worker.domain.ports.processed_messages import ProcessedMessage
from worker.domain.value_objects.message_identity import MessageIdentity
from worker.infra.db.engine import Sessions
from worker.infra.db.models import CarModel, FinancingPlanModel
from worker.infra.db.repositories.car_rows import CAR_COLUMNS, to_car
from worker.infra.db.repositories.financing_plan_rows import PLAN_COLUMNS, to_plan
from worker.infra.db.repositories.processed_messages import PostgresProcessedMessages

E = TypeVar("E", bound=Entity)

_READ_ONLY = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
_BY_IDS = func.any(bindparam("ids", type_=ARRAY(Text)))
_CARS = select(*CAR_COLUMNS).where(CarModel.id == _BY_IDS)
_PLANS = select(*PLAN_COLUMNS).where(FinancingPlanModel.id == _BY_IDS)


@asynccontextmanager
async def open_snapshot(sessions: Sessions) -> AsyncIterator["SnapshotUnitOfWork"]:
    """A transaction that can only read, and waits for nobody: it takes no lock on any row."""
    async with sessions() as session:
        await session.execute(_READ_ONLY)
        yield SnapshotUnitOfWork(session)


class SnapshotUnitOfWork:
    """Looks like a transaction; what is committed stays in memory, for the next one to see."""

    def __init__(self, session: AsyncSession) -> None:
        self.cars = SnapshotEntityStore(session, _CARS, to_car)
        self.financing_plans = SnapshotEntityStore(session, _PLANS, to_plan)
        self.processed_messages = SnapshotProcessedMessages(session)

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
        """See the port. Nothing else runs beside it: what was added is there already."""


class SnapshotEntityStore(Generic[E]):
    """Entities as the database has them, unless they were changed here."""

    def __init__(
        self, session: AsyncSession, query: Executable, to_entity: Callable[[Sequence[Any]], E]
    ) -> None:
        self._session = session
        self._query = query
        self._to_entity = to_entity
        self._changed: dict[str, E] = {}

    async def lock(self, ids: Collection[str]) -> Mapping[str, E]:
        """See the port; locks nothing."""
        unknown = [id_ for id_ in ids if id_ not in self._changed]
        rows = await self._session.execute(self._query, {"ids": unknown})
        stored = {row.id: self._to_entity(row) for row in rows}
        return stored | {id_: self._changed[id_] for id_ in ids if id_ in self._changed}

    async def add(self, entities: Collection[E]) -> None:
        """See the port."""
        self._changed.update({entity.id: entity for entity in entities})

    async def update(self, entities: Collection[E]) -> None:
        """See the port."""
        await self.add(entities)


class SnapshotProcessedMessages:
    """The ids as the database has them, and those recorded here."""

    def __init__(self, session: AsyncSession) -> None:
        self._stored = PostgresProcessedMessages(session)
        self._added: dict[MessageIdentity, bytes] = {}

    async def find(
        self, identities: Collection[MessageIdentity]
    ) -> Mapping[MessageIdentity, bytes]:
        """See the port."""
        added = {known: self._added[known] for known in identities if known in self._added}
        return {**await self._stored.find(identities), **added}

    async def add(self, messages: Collection[ProcessedMessage]) -> None:
        """See the port."""
        self._added.update({message.identity: message.digest for message in messages})
