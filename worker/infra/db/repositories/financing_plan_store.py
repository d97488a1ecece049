from collections.abc import Collection, Mapping

from sqlalchemy import ARRAY, Text, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from worker.domain.entities.financing_plan import FinancingPlan
from worker.domain.ports.unit_of_work import ConcurrentChangeError
from worker.infra.db.arrays import as_parameters, row_count, rows_of, table_of
from worker.infra.db.models import FinancingPlanModel
from worker.infra.db.repositories.financing_plan_rows import (
    PLAN_COLUMNS,
    WRITTEN_COLUMNS,
    to_plan,
    to_row,
)

_LOCK = (
    select(*PLAN_COLUMNS)
    .where(FinancingPlanModel.id == func.any(bindparam("ids", type_=ARRAY(Text))))
    .order_by(FinancingPlanModel.id)
    .with_for_update(key_share=True)
)

_new = rows_of("new", WRITTEN_COLUMNS)
_ADD = (
    insert(table_of(FinancingPlanModel))
    .from_select(list(WRITTEN_COLUMNS), select(*_new.c))
    .on_conflict_do_nothing()
    .execution_options(preserve_rowcount=True)
)

_changed = rows_of("changed", WRITTEN_COLUMNS)
_UPDATE = (
    update(FinancingPlanModel)
    .where(FinancingPlanModel.id == _changed.c.id)
    .values({name: _changed.c[name] for name in WRITTEN_COLUMNS if name != "id"})
    .values(updated_at=func.now())
    .execution_options(synchronize_session=False)
)


class PostgresFinancingPlanStore:
    """Plans to be changed: three statements, and none for a batch that has no plan."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock(self, ids: Collection[str]) -> Mapping[str, FinancingPlan]:
        """See the port. New plans have no row to lock: `add` finds out about rivals."""
        if not ids:
            return {}
        rows = await self._session.execute(_LOCK, {"ids": list(ids)})
        return {row.id: to_plan(row) for row in rows}

    async def add(self, plans: Collection[FinancingPlan]) -> None:
        """See the port."""
        if not plans:
            return
        added = await self._session.execute(_ADD, _parameters(plans))
        if row_count(added) < len(plans):
            raise ConcurrentChangeError

    async def update(self, plans: Collection[FinancingPlan]) -> None:
        """See the port."""
        if plans:
            await self._session.execute(_UPDATE, _parameters(plans))


def _parameters(plans: Collection[FinancingPlan]) -> dict[str, list[object]]:
    return as_parameters(WRITTEN_COLUMNS, map(to_row, plans))
