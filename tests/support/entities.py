"""Strategies for cars and plans, with few values, so that random ones often collide."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from tests.support.derived import Pools, field_values, instances
from worker.domain.entities.car import Car, PriceObservation
from worker.domain.entities.financing_plan import FinancingPlan
from worker.domain.value_objects.financing_terms import FinancingTerms

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = (
    *("ŠKODA", "škoda", "Skoda", "SEAT", "Seat", "Citroën", "CITROËN", "León", "LEÓN", "Leon"),
    *("Straße", "STRASSE", "İstanbul", "ıstanbul", "ISTANBUL", "ΣΊΣΥΦΟΣ", "σίσυφος", "ǰ", "ﬁat"),
    *("a/b", "a~1b", "a", "%", "_", "\\", "'", "10", "9", "é", "e\u0301", "Ⅷ", "ꭰ", "ᾳ", "ΐ"),
)
IDS = st.text("ABab01._:-", min_size=1, max_size=3)
PRICES = st.one_of(
    st.sampled_from([Decimal(price) for price in ("0.01", "100.00", "100.01", "9999999999.99")]),
    st.decimals("0.01", "9999999999.99", places=2),
)
POOLS: Pools = {
    str: st.sampled_from(NAMES),
    int: st.sampled_from([1886, 2019, 2020, 2027]),
    Decimal: PRICES,
    datetime: st.integers(0, 2).map(lambda n: NEW_YEAR + timedelta(microseconds=n)),
}
PRICE_OBSERVATIONS: st.SearchStrategy[PriceObservation] = instances(PriceObservation, POOLS)
CARS: st.SearchStrategy[Car] = instances(Car, POOLS, id=IDS)


def _terms(values: dict[str, Any]) -> FinancingTerms:
    due = values["down_payment"] + values["term_months"] * values["monthly_payment"]
    return FinancingTerms(**values | {"total_paid": due})


_AMOUNTS = st.decimals("0.01", "1000.00", places=2)
TERMS: st.SearchStrategy[FinancingTerms] = field_values(
    FinancingTerms,
    {
        **POOLS,
        Decimal: _AMOUNTS,
        int: st.integers(1, 120),
    },
    annual_rate=st.decimals(0, "9.9999", places=4),
).map(_terms)


def plans(**special: st.SearchStrategy[Any]) -> Any:
    """Plans; `car_id` must be given where the database checks it."""
    return instances(FinancingPlan, {**POOLS, FinancingTerms: TERMS}, **{"id": IDS, **special})
