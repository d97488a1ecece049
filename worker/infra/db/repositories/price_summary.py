"""Prices in figures, computed by PostgreSQL in numeric.

`percentile_cont` would return double precision: the median is the mean of the rows in the
middle instead.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from worker.domain.value_objects.catalog_summary import CatalogGroup, Grouping, PriceSummary
from worker.infra.db.models import CarModel

_KEYS: dict[Grouping, list[InstrumentedAttribute[Any]]] = {
    Grouping.ALL: [],
    Grouping.MAKE: [CarModel.make_key],
    Grouping.MODEL: [CarModel.make_key, CarModel.model_key],
    Grouping.YEAR: [CarModel.year],
}


async def summarize(
    session: AsyncSession, conditions: Sequence[ColumnElement[bool]], grouping: Grouping
) -> tuple[CatalogGroup, ...]:
    """The cars that meet the conditions, in groups ordered by their keys."""
    rows = await session.execute(_query(conditions, _KEYS[grouping]))
    return tuple(_to_group(row, grouping) for row in rows)


def _query(
    conditions: Sequence[ColumnElement[bool]], keys: Sequence[InstrumentedAttribute[Any]]
) -> Select[Any]:
    by_price = func.row_number().over(partition_by=keys, order_by=CarModel.price_mxn)
    ranked = (
        select(
            CarModel.make,
            CarModel.model,
            CarModel.year,
            CarModel.price_mxn,
            CarModel.make_key,
            CarModel.model_key,
            by_price.label("place"),
            func.count().over(partition_by=keys).label("size"),
        )
        .where(*conditions)
        .subquery()
    )
    price = ranked.c.price_mxn
    middle = ranked.c.place.in_([(ranked.c.size + 1) // 2, (ranked.c.size + 2) // 2])
    groups = [ranked.c[key.key] for key in keys]
    return (
        select(
            func.count(),
            func.min(price),
            func.round(func.avg(price).filter(middle), 2),
            func.round(func.avg(price), 2),
            func.max(price),
            func.min(ranked.c.make.collate("C")),
            func.min(ranked.c.model.collate("C")),
            func.min(ranked.c.year),
        )
        .group_by(*groups)
        .having(func.count() > 0)
        .order_by(*groups)
    )


def _to_group(row: Sequence[Any], grouping: Grouping) -> CatalogGroup:
    *prices, make, model, year = row
    return CatalogGroup(
        PriceSummary(*prices),
        make=make if grouping in {Grouping.MAKE, Grouping.MODEL} else None,
        model=model if grouping is Grouping.MODEL else None,
        year=year if grouping is Grouping.YEAR else None,
    )
