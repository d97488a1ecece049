"""Searches: a page of cars, and how many there are in all."""

from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from worker.domain.read_models.catalog_page import CatalogPage
from worker.domain.value_objects.catalog_filters import CatalogFilters
from worker.domain.value_objects.paging import Paging
from worker.infra.db.models import CarModel
from worker.infra.db.repositories.car_rows import CAR_ROWS
from worker.infra.db.repositories.catalog_conditions import conditions_of

_HIGHEST_OFFSET = 2**63 - 1  # of a bigint; no table has as many rows


async def search(session: AsyncSession, filters: CatalogFilters, paging: Paging) -> CatalogPage:
    """Both from one snapshot. Rows are counted only where the page does not tell the total."""
    await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    cars = tuple(map(CAR_ROWS.to_entity, await session.execute(select_page(filters, paging))))
    is_last = len(cars) < paging.limit and (cars or paging.offset == 0)
    if is_last:
        return CatalogPage(cars, paging.offset + len(cars))
    total = (await session.execute(select_total(filters))).scalar_one()
    return CatalogPage(cars, total)


def select_page(filters: CatalogFilters, paging: Paging) -> Select[*tuple[Any, ...]]:
    """The cars of one page."""
    return (
        select(*CAR_ROWS.columns)
        .where(*conditions_of(filters))
        .order_by(CarModel.price_occurred_at.desc(), CarModel.id)
        .offset(min(paging.offset, _HIGHEST_OFFSET))
        .limit(paging.limit)
    )


def select_total(filters: CatalogFilters) -> Select[int]:
    """The number of all that match."""
    return select(func.count()).select_from(CarModel).where(*conditions_of(filters))
