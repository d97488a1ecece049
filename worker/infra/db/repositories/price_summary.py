"""Prices in figures: PostgreSQL finds them, the domain divides.

Nothing here rounds or becomes double precision: `percentile_cont` would return that for the
median, `percentile_disc` returns prices as they are; and `avg` rounds once before anybody asks.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from worker.domain.value_objects.catalog_filters import CatalogFilters
from worker.domain.value_objects.catalog_summary import CatalogGroup, Grouping, PriceSummary
from worker.infra.db.models import CarModel
from worker.infra.db.repositories.catalog_conditions import conditions_of

_KEYS: dict[Grouping, list[InstrumentedAttribute[Any]]] = {
    Grouping.ALL: [],
    Grouping.MAKE: [CarModel.make_key],
    Grouping.MODEL: [CarModel.make_key, CarModel.model_key],
    Grouping.YEAR: [CarModel.year],
}
_NAMES: dict[Grouping, dict[str, ColumnElement[Any]]] = {
    Grouping.ALL: {},
    Grouping.MAKE: {"make": func.min(CarModel.make.collate("C"))},
    Grouping.MODEL: {
        "make": func.min(CarModel.make.collate("C")),
        "model": func.min(CarModel.model.collate("C")),
    },
    Grouping.YEAR: {"year": func.min(CarModel.year)},
}
_PRICE = CarModel.price_mxn
_HALF = func.percentile_disc(0.5)
_FIGURES: dict[str, ColumnElement[Any]] = {
    "count": func.count(),
    "total": func.sum(_PRICE),
    "lowest": func.min(_PRICE),
    "lower_middle": _HALF.within_group(_PRICE),
    "upper_middle": _HALF.within_group(_PRICE.desc()),
    "highest": func.max(_PRICE),
}


async def summarize(
    session: AsyncSession, filters: CatalogFilters, grouping: Grouping
) -> tuple[CatalogGroup, ...]:
    """The cars that meet the filters, in groups ordered by their keys."""
    rows = (await session.execute(select_groups(filters, grouping))).mappings()
    return tuple(_to_group(row) for row in rows)


def select_groups(filters: CatalogFilters, grouping: Grouping) -> Select[Any]:
    """One row for each group: its figures, and what names it."""
    keys = _KEYS[grouping]
    return (
        select(*(column.label(name) for name, column in _columns(grouping).items()))
        .where(*conditions_of(filters))
        .group_by(*keys)
        .having(func.count() > 0)
        .order_by(*keys)
    )


def _columns(grouping: Grouping) -> dict[str, ColumnElement[Any]]:
    return {**_FIGURES, **_NAMES[grouping]}


def _to_group(row: Mapping[Any, Any]) -> CatalogGroup:
    figures = {name: row[name] for name in _FIGURES}
    names = {name: value for name, value in row.items() if name not in _FIGURES}
    return CatalogGroup(PriceSummary.of(**figures), **names)
