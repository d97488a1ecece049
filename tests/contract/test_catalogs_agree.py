"""Random catalogs and random questions: memory and PostgreSQL give one answer."""

from dataclasses import fields, replace

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from tests.contract.catalogs import in_memory, in_postgres
from tests.contract.questions import FILTERS, QUESTIONS, catalogs
from tests.support.entities import CARS, NEW_YEAR
from tests.support.examples import examples
from worker.domain.entities.car import Car
from worker.domain.entities.financing_plan import FinancingPlan
from worker.domain.value_objects.catalog_filters import CatalogFilters
from worker.domain.value_objects.catalog_summary import Grouping
from worker.domain.value_objects.paging import Paging
from worker.infra.db.engine import Sessions
from worker.infra.memory.catalog_repository import matches


@examples(
    150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(catalog=catalogs(), questions=QUESTIONS)
async def test_memory_and_postgres_answer_alike(
    sessions: Sessions,
    catalog: tuple[list[Car], list[FinancingPlan]],
    questions: list[tuple[CatalogFilters, Paging, Grouping]],
) -> None:
    memory = await in_memory(*catalog)
    postgres = await in_postgres(sessions, *catalog)

    for asked, paging, grouping in questions:
        assert await postgres.search(asked, paging) == await memory.search(asked, paging)
        assert await postgres.summarize(asked, grouping) == await memory.summarize(asked, grouping)
    for car in catalog[0]:
        shown = await postgres.get(car.id)
        assert shown is not None
        assert replace(shown, price_stored_at=NEW_YEAR) == await memory.get(car.id)


SEARCH = settings(phases=[Phase.generate], max_examples=2_000)
"""Ends with the first example, which a hundred draws do not always have."""


@pytest.mark.parametrize("name", [field.name for field in fields(CatalogFilters)])
def test_every_filter_leaves_cars_out(name: str) -> None:
    def leaves_out(found: tuple[Car, CatalogFilters]) -> bool:
        car, filters = found
        return not matches(car, CatalogFilters(**{name: getattr(filters, name)}))

    found = find(st.tuples(CARS, FILTERS), leaves_out, settings=SEARCH)

    assert leaves_out(found)
