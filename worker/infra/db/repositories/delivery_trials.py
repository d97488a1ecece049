from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Result, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from worker.domain.ports.delivery_trials import DeliveryTrials
from worker.infra.db.arrays import array_of, as_parameters, columns_of, rows_of, table_of
from worker.infra.db.engine import Sessions
from worker.infra.db.errors import DATABASE_ERRORS, translate
from worker.infra.db.models import DeliveryTrialModel

_DO_NOT_WAIT_FOR_THE_DISK = text("SET LOCAL synchronous_commit = off")
"""A trial outlives the death of a worker all the same, and after a killed worker there are many."""

_trials = table_of(DeliveryTrialModel)
_asked = _trials.c.fingerprint == func.any(array_of("fingerprints", _trials.c.fingerprint))
_COUNT = select(DeliveryTrialModel.fingerprint, DeliveryTrialModel.trials).where(_asked)
_END = delete(_trials).where(_asked)

_COLUMNS = columns_of(DeliveryTrialModel, ["fingerprint"])
_begun = rows_of("begun", _COLUMNS)
_BEGIN = (
    insert(_trials)
    .from_select(["fingerprint", "trials"], select(_begun.c.fingerprint, 1))
    .on_conflict_do_update(
        index_elements=[DeliveryTrialModel.fingerprint],
        set_={"trials": DeliveryTrialModel.trials + 1, "last_trial_at": func.now()},
    )
    .returning(DeliveryTrialModel.fingerprint, DeliveryTrialModel.trials)
)


class PostgresDeliveryTrials(DeliveryTrials):
    """Trials, counted in a transaction of its own that is over before the trial begins."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    @override
    async def count(self, keys: Collection[bytes]) -> Mapping[bytes, int]:
        async with self._transaction() as session:
            return _by_key(await session.execute(_COUNT, {"fingerprints": list(keys)}))

    @override
    async def begin(self, keys: Collection[bytes]) -> Mapping[bytes, int]:
        in_order = sorted(set(keys))  # rows are locked in one order everywhere
        async with self._transaction() as session:
            return _by_key(await session.execute(_BEGIN, as_parameters(_COLUMNS, [in_order])))

    @override
    async def end(self, keys: Collection[bytes]) -> None:
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
