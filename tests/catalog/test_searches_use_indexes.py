"""Reads EXPLAIN: the usual searches of a large catalog look into indexes, not through the table."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.catalog_seed import MILLION, seed
from dev.servers import ServerSet
from tests.conftest import run_alembic
from worker.domain.value_objects.catalog_filters import CatalogFilters
from worker.domain.value_objects.paging import Paging
from worker.infra.db.engine import create_engine
from worker.infra.db.repositories.catalog_search import select_page, select_total

SMALL = 50_000

WITHDRAW = text("UPDATE cars SET withdrawn_because = 'sold' WHERE right(id, 1) IN ('3', '7')")
"""A fifth of all."""

USUAL_SEARCHES = {
    "a common make": CatalogFilters(make="NISSAN"),
    "a rare make": CatalogFilters(make="škoda"),
    "make and model": CatalogFilters(make="toyota", model="toyota modelo 2"),
    "make and price ceiling": CatalogFilters(make="Mazda", price_max=Decimal(150_000)),
    "year range and price range": CatalogFilters(
        year_min=2018, year_max=2019, price_min=Decimal(200_000), price_max=Decimal(250_000)
    ),
}


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(SMALL, id="50,000"),
        pytest.param(MILLION, id="1,000,000", marks=pytest.mark.slow),
    ],
)
def database_url(request: pytest.FixtureRequest, server_set: ServerSet) -> Iterator[str]:
    """A database of its own, with that many cars."""
    with server_set.fresh("explain") as fresh:
        run_alembic(fresh.database_url, "upgrade", "head")
        asyncio.run(seed(fresh.database_url, request.param))
        yield fresh.database_url


@pytest.fixture(scope="module")
async def large_catalog(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(lambda: database_url)
    async with engine.begin() as connection:
        await connection.execute(WITHDRAW)
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        await connection.execute(text("VACUUM (ANALYZE) cars"))
    yield engine
    await engine.dispose()


@pytest.mark.parametrize("search", USUAL_SEARCHES)
async def test_a_usual_search_reads_no_table_from_end_to_end(
    search: str, large_catalog: AsyncEngine
) -> None:
    filters = USUAL_SEARCHES[search]

    page = await explain(large_catalog, select_page(filters, Paging()))
    total = await explain(large_catalog, select_total(filters))

    assert "Seq Scan" not in page
    assert "Seq Scan" not in total


async def test_the_first_page_of_everything_is_read_in_its_order(
    large_catalog: AsyncEngine,
) -> None:
    page = await explain(large_catalog, select_page(CatalogFilters(), Paging()))

    assert "Index Scan using ix_cars_listed_newest_price" in page
    assert "Sort" not in page


async def test_explain_would_tell_of_a_sequential_scan(large_catalog: AsyncEngine) -> None:
    plan = await explain(
        large_catalog, select_total(CatalogFilters()).where(text("price_source <> ''"))
    )

    assert "Seq Scan" in plan


async def explain(engine: AsyncEngine, query: Select[*tuple[Any, ...]]) -> str:
    """The plan of the very statement, its values written out."""
    compiled = query.compile(engine.sync_engine, compile_kwargs={"literal_binds": True})
    async with engine.connect() as connection:
        rows = await connection.exec_driver_sql(f"EXPLAIN {compiled}")
        return "\n".join(row[0] for row in rows)
