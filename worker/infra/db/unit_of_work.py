from types import TracebackType
from typing import Self

from sqlalchemy.ext.asyncio import AsyncEngine
from typing_extensions import override

from worker.domain.ports.unit_of_work import ConcurrentChangeError, UnitOfWork
from worker.infra.db.car_gates import GatesAhead
from worker.infra.db.errors import DATABASE_ERRORS, translate
from worker.infra.db.repositories.car_rows import CAR_ROWS
from worker.infra.db.repositories.dead_letter_records import PostgresDeadLetterRecords
from worker.infra.db.repositories.early_observations import (
    EarlyHint,
    PostgresEarlyObservations,
    something_waits,
)
from worker.infra.db.repositories.entity_store import EntityStatements, PostgresEntityStore
from worker.infra.db.repositories.financing_plan_rows import FINANCING_PLAN_ROWS
from worker.infra.db.repositories.processed_messages import PostgresProcessedMessages

_CARS = EntityStatements(CAR_ROWS, something_waits)
_FINANCING_PLANS = EntityStatements(FINANCING_PLAN_ROWS)


class PostgresUnitOfWork(UnitOfWork):
    """One transaction at READ COMMITTED; errors leave it in the words of the port.

    It needs no session, and a session costs CPU: `docs/scaling.md` tells how much.
    """

    def __init__(self, engine: AsyncEngine, early_hint: EarlyHint | None = None) -> None:
        self._connection = engine.connect()
        self._early_hint = early_hint or EarlyHint()
        gates_ahead = GatesAhead()
        self.cars = PostgresEntityStore(self._connection, _CARS)
        self.financing_plans = PostgresEntityStore(self._connection, _FINANCING_PLANS)
        self.early_observations = PostgresEarlyObservations(
            self._connection, self._early_hint, gates_ahead
        )
        self.processed_messages = PostgresProcessedMessages(self._connection, gates_ahead)
        self.dead_letters = PostgresDeadLetterRecords(self._connection)

    @override
    async def __aenter__(self) -> Self:
        try:
            await self._connection.start()
        except DATABASE_ERRORS as trouble:
            raise translate(trouble) from trouble
        return self

    @override
    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(exc, ConcurrentChangeError):
            self._early_hint.may_exist = True
        try:
            await self._connection.close()
        except DATABASE_ERRORS as trouble:
            if exc is None:
                raise translate(trouble) from trouble
        if isinstance(exc, DATABASE_ERRORS):
            raise translate(exc) from exc

    @override
    async def commit(self) -> None:
        await self._connection.commit()
