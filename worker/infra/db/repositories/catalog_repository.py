from sqlalchemy import select
from typing_extensions import override

from worker.domain.ports.catalog_repository import CatalogRepository
from worker.domain.read_models.catalog_entry import CatalogEntry
from worker.domain.read_models.catalog_page import CatalogPage
from worker.domain.value_objects.catalog_filters import CatalogFilters
from worker.domain.value_objects.catalog_summary import CatalogGroup, Grouping
from worker.domain.value_objects.paging import Paging
from worker.infra.db.engine import Sessions
from worker.infra.db.models import CarModel, FinancingPlanModel
from worker.infra.db.repositories.car_rows import CAR_ROWS
from worker.infra.db.repositories.catalog_search import search
from worker.infra.db.repositories.financing_plan_rows import FINANCING_PLAN_ROWS
from worker.infra.db.repositories.price_summary import summarize

_CAR = select(*CAR_ROWS.columns, CarModel.updated_at)
_PLANS = select(*FINANCING_PLAN_ROWS.columns).order_by(FinancingPlanModel.id)


class PostgresCatalogRepository(CatalogRepository):
    """The catalog as the last commit left it."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    @override
    async def search(self, filters: CatalogFilters, paging: Paging) -> CatalogPage:
        async with self._sessions() as session:
            return await search(session, filters, paging)

    @override
    async def get(self, car_id: str) -> CatalogEntry | None:
        async with self._sessions() as session:
            row = (await session.execute(_CAR.where(CarModel.id == car_id))).first()
            if row is None:
                return None
            plans = await session.execute(_PLANS.where(FinancingPlanModel.car_id == car_id))
            *car, updated_at = row
            return CatalogEntry(
                CAR_ROWS.to_entity(car),
                updated_at,
                tuple(map(FINANCING_PLAN_ROWS.to_entity, plans)),
            )

    @override
    async def summarize(
        self, filters: CatalogFilters, grouping: Grouping
    ) -> tuple[CatalogGroup, ...]:
        async with self._sessions() as session:
            return await summarize(session, filters, grouping)
