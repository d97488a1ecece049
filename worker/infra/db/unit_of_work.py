from types import TracebackType
from typing import Self

from worker.infra.db.engine import Sessions
from worker.infra.db.errors import DATABASE_ERRORS, translate
from worker.infra.db.repositories.car_store import PostgresCarStore
from worker.infra.db.repositories.financing_plan_store import PostgresFinancingPlanStore
from worker.infra.db.repositories.processed_messages import PostgresProcessedMessages


class PostgresUnitOfWork:
    """One transaction at READ COMMITTED; errors leave it in the words of the port."""

    def __init__(self, sessions: Sessions) -> None:
        self._session = sessions()
        self.cars = PostgresCarStore(self._session)
        self.financing_plans = PostgresFinancingPlanStore(self._session)
        self.processed_messages = PostgresProcessedMessages(self._session)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            await self._session.close()
        except DATABASE_ERRORS as trouble:
            if exc is None:
                raise translate(trouble) from trouble
        if isinstance(exc, DATABASE_ERRORS):
            raise translate(exc) from exc

    async def commit(self) -> None:
        """See the port."""
        await self._session.commit()
