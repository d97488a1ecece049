from sqlalchemy import select

from worker.domain.value_objects.catalog_entry import CatalogEntry
from worker.domain.value_objects.catalog_filters import CatalogFilters
from worker.domain.value_objects.catalog_page import CatalogPage
from worker.domain.value_objects.catalog_summary import CatalogGroup, Grouping
from worker.domain.value_objects.paging import Paging
from worker.infra.db.engine import Sessions
from worker.infra.db.models import CarModel, FinancingPlanModel
from worker.infra.db.repositories.car_rows import CAR_COLUMNS, to_car
from worker.infra.db.repositories.catalog_search import search
from worker.infra.db.repositories.financing_plan_rows import PLAN_COLUMNS, to_plan
from worker.infra.db.repositories.price_summary import summarize

_CAR = select(*CAR_COLUMNS, CarModel.updated_at)
_PLANS = select(*PLAN_COLUMNS).order_by(FinancingPlanModel.id)


class PostgresCatalogRepository:
    """The catalog as the last commit left it."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def search(self, filters: CatalogFilters, paging: Paging) -> CatalogPage:
        """See the port."""
        async with self._sessions() as session:
            return await search(session, filters, paging)

    async def get(self, car_id: str) -> CatalogEntry | None:
        """See the port."""
        async with self._sessions() as session:
            row = (await session.execute(_CAR.where(CarModel.id == car_id))).first()
            if row is None:
                return None
            plans = await session.execute(_PLANS.where(FinancingPlanModel.car_id == car_id))
            return CatalogEntry(to_car(row), row.updated_at, tuple(map(to_plan, plans)))

    async def summarize(
        self, filters: CatalogFilters, grouping: Grouping
    ) -> tuple[CatalogGroup, ...]:
        """See the port."""
        async with self._sessions() as session:
            return await summarize(session, filters, grouping)
