from sqlalchemy import ColumnElement, func, select

from worker.domain.entities.car import Car
from worker.domain.value_objects.car_description import fold
from worker.domain.value_objects.catalog_filters import CatalogFilters
from worker.domain.value_objects.catalog_page import CatalogPage
from worker.domain.value_objects.catalog_summary import CatalogGroup, Grouping
from worker.domain.value_objects.paging import Paging
from worker.infra.db.engine import Sessions
from worker.infra.db.models import CarModel
from worker.infra.db.repositories.car_rows import CAR_COLUMNS, to_car
from worker.infra.db.repositories.price_summary import summarize


class PostgresCatalogRepository:
    """The catalog as the last commit left it."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def search(self, filters: CatalogFilters, paging: Paging) -> CatalogPage:
        """See the port."""
        conditions = conditions_of(filters)
        page = (
            select(*CAR_COLUMNS)
            .where(*conditions)
            .order_by(CarModel.price_occurred_at.desc(), CarModel.id)
            .offset(paging.offset)
            .limit(paging.limit)
        )
        async with self._sessions() as session:
            cars = tuple(to_car(row) for row in await session.execute(page))
            total = await session.scalar(
                select(func.count()).where(*conditions).select_from(CarModel)
            )
        return CatalogPage(cars, total or 0)

    async def get(self, car_id: str) -> Car | None:
        """See the port."""
        async with self._sessions() as session:
            row = (await session.execute(select(*CAR_COLUMNS).where(CarModel.id == car_id))).first()
        return None if row is None else to_car(row)

    async def summarize(
        self, filters: CatalogFilters, grouping: Grouping
    ) -> tuple[CatalogGroup, ...]:
        """See the port."""
        async with self._sessions() as session:
            return await summarize(session, conditions_of(filters), grouping)


def conditions_of(filters: CatalogFilters) -> list[ColumnElement[bool]]:
    """The filters as SQL, on the columns that have an index."""
    conditions: list[ColumnElement[bool]] = []
    if filters.make is not None:
        conditions.append(CarModel.make_key == fold(filters.make))
    if filters.model is not None:
        conditions.append(CarModel.model_key == fold(filters.model))
    if filters.year_min is not None:
        conditions.append(CarModel.year >= filters.year_min)
    if filters.year_max is not None:
        conditions.append(CarModel.year <= filters.year_max)
    if filters.price_min is not None:
        conditions.append(CarModel.price_mxn >= filters.price_min)
    if filters.price_max is not None:
        conditions.append(CarModel.price_mxn <= filters.price_max)
    return conditions
