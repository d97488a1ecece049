"""Measures typical searches of a large catalog, with our indexes and without."""

import asyncio
import random
from collections.abc import Callable, Sequence
from decimal import Decimal
from statistics import quantiles
from time import perf_counter
from typing import Any

import asyncpg

from benchmarks.catalog_indexes import keep_indexes, read_indexes
from benchmarks.catalog_seed import MILLION, seed
from benchmarks.options import Options
from dev.servers import Servers
from worker.cli.output import print_table
from worker.domain.entities.car import Car
from worker.domain.value_objects.catalog_filters import CatalogFilters
from worker.domain.value_objects.paging import Paging
from worker.infra.db.engine import create_engine, create_sessions
from worker.infra.db.repositories.catalog_repository import PostgresCatalogRepository

SEARCHES = 40
PESOS = Decimal(50_000)

Milliseconds = dict[str, float]

USUAL: dict[str, Callable[[Car], CatalogFilters]] = {
    "everything": lambda _: CatalogFilters(),
    "make": lambda car: CatalogFilters(car.make),
    "make and model": lambda car: CatalogFilters(car.make, car.model),
    "make and price ceiling": lambda car: CatalogFilters(car.make, price_max=car.price.amount),
    "year range and price range": lambda car: CatalogFilters(
        year_min=car.year - 1,
        year_max=car.year + 1,
        price_min=car.price.amount - PESOS,
        price_max=car.price.amount + PESOS,
    ),
}
"""Typical searches that match a given car."""


def run(servers: Servers, _: Options) -> dict[str, Any]:
    """Seeds a million cars; reports p50 and p95 of page and total together."""
    asyncio.run(seed(servers.database_url, MILLION))
    figures = asyncio.run(measure_searches(servers.database_url))
    rows = [
        (search, *(f"{ms[name]:.1f}" for ms in both.values() for name in ("p50", "p95")))
        for search, both in figures.items()
    ]
    columns = ("search", "#p50 ms", "#p95 ms", "#p50 ms without", "#p95 ms without")
    print_table(f"searches of {MILLION:,} cars, with our indexes and without", columns, rows)
    return {"cars": MILLION, "milliseconds": figures}


async def measure_searches(database_url: str) -> dict[str, dict[str, Milliseconds]]:
    """Measures each search with our indexes and without, for the same cars."""
    engine = create_engine(lambda: database_url, pool_size=1)
    catalog = PostgresCatalogRepository(create_sessions(engine))
    wanted = await _some_cars(catalog)
    database = await asyncpg.connect(database_url)
    indexes = await read_indexes(database)
    with_indexes = {name: await _measure(catalog, wanted, name) for name in USUAL}
    await keep_indexes(database, indexes, ())
    without = {name: await _measure(catalog, wanted, name) for name in USUAL}
    await keep_indexes(database, indexes, indexes)
    await database.close()
    await engine.dispose()
    return {name: {"with": with_indexes[name], "without": without[name]} for name in USUAL}


async def _some_cars(catalog: PostgresCatalogRepository) -> list[Car]:
    """A random sample, so that common makes are searched often."""
    rng = random.Random(1)  # noqa: S311 - the same searches in every run
    entries = [await catalog.get(f"MX-{rng.randrange(MILLION):08}") for _ in range(SEARCHES)]
    return [entry.car for entry in entries if entry is not None]


async def _measure(
    catalog: PostgresCatalogRepository, wanted: Sequence[Car], name: str
) -> Milliseconds:
    times = []
    for car in wanted:
        filters = USUAL[name](car)
        began = perf_counter()
        await catalog.search(filters, Paging())
        times.append((perf_counter() - began) * 1000)
    cuts = quantiles(times, n=20)
    return {"p50": cuts[9], "p95": cuts[18]}
