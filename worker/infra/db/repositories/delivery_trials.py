from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import ARRAY, LargeBinary, Result, bindparam, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from worker.infra.db.arrays import Columns, as_parameters, rows_of, table_of
from worker.infra.db.engine import Sessions
from worker.infra.db.errors import DATABASE_ERRORS, translate
from worker.infra.db.models import DeliveryTrialModel

_DO_NOT_WAIT_FOR_THE_DISK = text("SET LOCAL synchronous_commit = off")
"""A trial outlives the death of a worker all the same, and after a killed worker there are many."""

_asked = DeliveryTrialModel.fingerprint == func.any(
    bindparam("fingerprints", type_=ARRAY(LargeBinary))
)
_COUNT = select(DeliveryTrialModel.fingerprint, DeliveryTrialModel.trials).where(_asked)
_END = delete(table_of(DeliveryTrialModel)).where(_asked)

_COLUMNS: Columns = {"fingerprint": LargeBinary()}
_begun = rows_of("begun", _COLUMNS)
_BEGIN = (
    insert(table_of(DeliveryTrialModel))
    .from_select(["fingerprint", "trials"], select(_begun.c.fingerprint, 1))
    .on_conflict_do_update(
        index_elements=[DeliveryTrialModel.fingerprint],
        set_={"trials": DeliveryTrialModel.trials + 1, "last_trial_at": func.now()},
    )
    .returning(DeliveryTrialModel.fingerprint, DeliveryTrialModel.trials)
)


class PostgresDeliveryTrials:
    """Trials, counted in a transaction of its own that is over before the trial begins."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def count(self, keys: Collection[bytes]) -> Mapping[bytes, int]:
        """See the port."""
        async with self._transaction() as session:
            return _by_key(await session.execute(_COUNT, {"fingerprints": list(keys)}))

    async def begin(self, keys: Collection[bytes]) -> Mapping[bytes, int]:
        """See the port. Rows are locked in one order everywhere."""
        rows = [(key,) for key in sorted(set(keys))]
        async with self._transaction() as session:
            return _by_key(await session.execute(_BEGIN, as_parameters(_COLUMNS, rows)))

    async def end(self, keys: Collection[bytes]) -> None:
        """See the port."""
        async with self._transaction() as session:
            await session.execute(_END, {"fingerprints": list(keys)})

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncSession]:
        try:
            async with self._sessions.begin() as session:
                await session.execute(_DO_NOT_WAIT_FOR_THE_DISK)
                yield session
        except DATABASE_ERRORS as trouble:
            raise translate(trouble) from trouble


def _by_key(result: Result[Any]) -> Mapping[bytes, int]:
    return {row.fingerprint: row.trials for row in result}
