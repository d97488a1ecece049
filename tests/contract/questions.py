"""Strategies for catalogs and for what they are asked, made from the fields of the dataclasses."""

import unicodedata
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from tests.support.derived import field_values, instances
from tests.support.entities import CARS, NAMES, PRICES, plans
from worker.domain.entities.car import Car
from worker.domain.entities.financing_plan import FinancingPlan
from worker.domain.value_objects.catalog_filters import CatalogFilters
from worker.domain.value_objects.catalog_summary import Grouping
from worker.domain.value_objects.paging import LARGEST_PAGE, Paging

_SPELLINGS: list[Callable[[str], str]] = [
    *(str, str.upper, str.lower, str.casefold, str.title, str.swapcase),
    *(lambda name: unicodedata.normalize("NFD", name), lambda name: f"{name}x"),
]
_ASKED = st.builds(
    lambda spell, name: spell(name), st.sampled_from(_SPELLINGS), st.sampled_from(NAMES)
)
_NUMBERS = st.sampled_from([-(10**20), 0, 1886, 2019, 2020, 2021, 2027, 10**20])
_BOUNDS = st.one_of(
    PRICES,
    st.decimals("-1", "101", places=4),
    st.sampled_from(
        [Decimal("1e30"), Decimal("-1e30"), Decimal("1e-30"), Decimal("9999999999.995")]
    ),
)


def _in_order(values: dict[str, Any]) -> CatalogFilters:
    """The filters, with the ends of each range the right way round."""
    for lowest in (name for name in values if name.endswith("_min")):
        ends = [lowest, f"{lowest.removesuffix('_min')}_max"]
        found = [values[end] for end in ends]
        if None not in found:
            values |= dict(zip(ends, sorted(found), strict=True))
    return CatalogFilters(**values)


FILTERS = field_values(CatalogFilters, {str: _ASKED, int: _NUMBERS, Decimal: _BOUNDS}).map(
    _in_order
)
QUESTIONS = st.lists(
    st.tuples(
        FILTERS,
        instances(
            Paging,
            {},
            offset=st.integers(0, 30) | st.just(2**70),
            limit=st.integers(1, LARGEST_PAGE),
        ),
        st.sampled_from(Grouping),
    ),
    min_size=1,
    max_size=5,
)


@st.composite
def catalogs(draw: st.DrawFn) -> tuple[list[Car], list[FinancingPlan]]:
    cars = draw(st.lists(CARS, max_size=25, unique_by=lambda car: car.id))
    if not cars:
        return [], []
    offered = plans(car_id=st.sampled_from([car.id for car in cars]))
    return cars, draw(st.lists(offered, max_size=10, unique_by=lambda plan: plan.id))
