"""The servers of the tests fold no accents (locale C); this database does."""

import secrets
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import asyncpg
import pytest
from sqlalchemy import text

from dev.servers import Servers
from tests.conftest import run_alembic
from tests.contract.catalogs import car, in_memory, in_postgres
from worker.domain.value_objects.catalog_filters import CatalogFilters
from worker.domain.value_objects.catalog_summary import Grouping
from worker.domain.value_objects.paging import Paging
from worker.infra.db.engine import Sessions, create_engine, create_sessions

MAKES = ("ŠKODA", "škoda", "Skoda", "Zacua", "Ácura", "acura", "ÁCURA", "_", "a-1", "a1")


@pytest.fixture
async def folding_sessions(servers: Servers) -> AsyncIterator[Sessions]:
    """Sessions on a database whose `lower()` knows `Š`."""
    name = f"locale_{secrets.token_hex(4)}"
    admin = await asyncpg.connect(servers.database_url)
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE template0 LOCALE 'C.UTF-8'")
    url = urlsplit(servers.database_url)._replace(path=f"/{name}").geturl()
    run_alembic(url, "upgrade", "head")
    engine = create_engine(lambda: url)
    try:
        yield create_sessions(engine)
    finally:
        await engine.dispose()
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await admin.close()


async def test_searches_and_groups_do_not_depend_on_the_locale_of_the_database(
    folding_sessions: Sessions,
) -> None:
    cars = [car(f"{number}", make) for number, make in enumerate(MAKES)]
    memory, postgres = await in_memory(cars), await in_postgres(folding_sessions, cars)

    async with folding_sessions() as session:
        assert await session.scalar(text("SELECT lower('Š')")) == "š"
    for make in MAKES:
        asked = CatalogFilters(make=make.swapcase())
        assert await postgres.search(asked, Paging()) == await memory.search(asked, Paging())
    for grouping in Grouping:
        everything = CatalogFilters()
        answer = await postgres.summarize(everything, grouping)
        assert answer == await memory.summarize(everything, grouping)
