"""Random catalogs and random questions: memory and PostgreSQL give one answer."""

import unicodedata
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.catalogs import NEW_YEAR, car, in_memory, in_postgres, plan
from worker.domain.entities.car import Car
from worker.domain.value_objects.catalog_filters import CatalogFilters
from worker.domain.value_objects.catalog_summary import Grouping
from worker.domain.value_objects.paging import LARGEST_PAGE, Paging
from worker.infra.db.engine import Sessions

NAMES = (
    *("ŠKODA", "škoda", "Skoda", "SEAT", "Seat", "Citroën", "CITROËN", "León", "LEÓN", "Leon"),
    *("Straße", "STRASSE", "İstanbul", "ıstanbul", "ISTANBUL", "ΣΊΣΥΦΟΣ", "σίσυφος", "ǰ", "ﬁat"),
    *("a/b", "a~1b", "a", "%", "_", "\\", "'", "10", "9", "é", "e\u0301", "Ⅷ", "ꭰ", "ᾳ", "ΐ"),
)
IDS = st.text("ABab01._:-", min_size=1, max_size=3)
PRICES = st.one_of(
    st.sampled_from(["0.01", "100.00", "100.01", "9999999999.99"]),
    st.decimals("0.01", "9999999999.99", places=2).map(str),
)
CARS: st.SearchStrategy[Car] = st.builds(
    car,
    IDS,
    st.sampled_from(NAMES),
    st.sampled_from(NAMES),
    st.sampled_from([1886, 2019, 2020, 2027]),
    PRICES,
    st.integers(0, 2).map(lambda n: NEW_YEAR + timedelta(microseconds=n)),
)
CATALOGS = st.lists(CARS, max_size=25, unique_by=lambda car: car.id)
SPELLINGS: list[Callable[[str], str]] = [
    *(str, str.upper, str.lower, str.casefold, str.title, str.swapcase),
    *(lambda name: unicodedata.normalize("NFD", name), lambda name: f"{name}x"),
]
ASKED = st.builds(
    lambda spell, name: spell(name), st.sampled_from(SPELLINGS), st.sampled_from(NAMES)
)
YEARS = st.sampled_from([-(10**20), 0, 1886, 2019, 2020, 2021, 2027, 10**20])
BOUNDS = st.one_of(
    PRICES.map(Decimal),
    st.decimals("-1", "101", places=4),
    st.sampled_from(
        [Decimal("1e30"), Decimal("-1e30"), Decimal("1e-30"), Decimal("9999999999.995")]
    ),
)


@st.composite
def filters(draw: st.DrawFn) -> CatalogFilters:
    years = sorted(draw(st.lists(YEARS, min_size=2, max_size=2)))
    prices = sorted(draw(st.lists(BOUNDS, min_size=2, max_size=2)))
    return CatalogFilters(
        make=draw(st.none() | ASKED),
        model=draw(st.none() | ASKED),
        year_min=draw(st.none() | st.just(years[0])),
        year_max=draw(st.none() | st.just(years[1])),
        price_min=draw(st.none() | st.just(prices[0])),
        price_max=draw(st.none() | st.just(prices[1])),
    )


QUESTIONS = st.lists(
    st.tuples(
        filters(),
        st.builds(Paging, st.integers(0, 30) | st.just(2**70), st.integers(1, LARGEST_PAGE)),
        st.sampled_from(Grouping),
    ),
    min_size=1,
    max_size=5,
)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(cars=CATALOGS, questions=QUESTIONS, planned=st.lists(st.tuples(IDS, st.integers(1, 120))))
async def test_memory_and_postgres_answer_alike(
    sessions: Sessions,
    cars: list[Car],
    questions: list[tuple[CatalogFilters, Paging, Grouping]],
    planned: list[tuple[str, int]],
) -> None:
    plans = [
        plan(plan_id, cars[months % len(cars)].id, months)
        for plan_id, months in dict(planned).items()
        if cars
    ]
    memory = await in_memory(cars, plans)
    postgres = await in_postgres(sessions, cars, plans)

    for asked, paging, grouping in questions:
        assert await postgres.search(asked, paging) == await memory.search(asked, paging)
        assert await postgres.summarize(asked, grouping) == await memory.summarize(asked, grouping)
    for wanted in cars:
        shown, expected = await postgres.get(wanted.id), await memory.get(wanted.id)
        assert shown is not None
        assert expected is not None
        assert (shown.car, shown.financing_plans) == (expected.car, expected.financing_plans)
