"""The filters of a search as SQL, on the columns that have an index of listed cars.

Bounds beyond what a column can hold are moved to its edge, where they filter the same rows:
PostgreSQL would refuse them.
"""

from collections.abc import Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from sqlalchemy import ColumnElement, Numeric, literal

from worker.domain.value_objects.car_description import fold
from worker.domain.value_objects.catalog_filters import CatalogFilters
from worker.domain.value_objects.money import CENTAVO
from worker.infra.db.models import CarModel

_BEYOND_ANY_YEAR = 10_000
_BEYOND_ANY_PRICE = Decimal(10) ** 10


def conditions_of(filters: CatalogFilters) -> list[ColumnElement[bool]]:
    """What a row must meet, all of it."""
    return [*_listings(filters), *_names(filters), *_years(filters), *_prices(filters)]


def _listings(filters: CatalogFilters) -> Iterator[ColumnElement[bool]]:
    if not filters.include_withdrawn:
        yield CarModel.withdrawn_because.is_(None)


def _names(filters: CatalogFilters) -> Iterator[ColumnElement[bool]]:
    if filters.make is not None:
        yield CarModel.make_key == fold(filters.make)
    if filters.model is not None:
        yield CarModel.model_key == fold(filters.model)


def _years(filters: CatalogFilters) -> Iterator[ColumnElement[bool]]:
    if filters.year_min is not None:
        yield CarModel.year >= min(max(filters.year_min, 0), _BEYOND_ANY_YEAR)
    if filters.year_max is not None:
        yield CarModel.year <= min(max(filters.year_max, 0), _BEYOND_ANY_YEAR)


def _prices(filters: CatalogFilters) -> Iterator[ColumnElement[bool]]:
    if filters.price_min is not None:
        yield CarModel.price_mxn >= _pesos(filters.price_min, ROUND_CEILING)
    if filters.price_max is not None:
        yield CarModel.price_mxn <= _pesos(filters.price_max, ROUND_FLOOR)


def _pesos(bound: Decimal, rounding: str) -> ColumnElement[Decimal]:
    """The bound in centavos, rounded to where it filters the same prices.

    Typed wider than the column: `numeric(12,2)` could not hold the edge.
    """
    within = min(max(bound, Decimal(0)), _BEYOND_ANY_PRICE)
    return literal(within.quantize(CENTAVO, rounding), Numeric(13, 2))
