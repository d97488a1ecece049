"""Throughput on a database that already has many cars and ids."""

import asyncio
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from statistics import median
from typing import Any

import asyncpg

from benchmarks.contestants import OURS
from benchmarks.drain import measure_drain
from benchmarks.options import Options
from benchmarks.preparing import prepare
from dev.servers import Servers, ServerSet
from worker.cli.output import print_table

_INSERT_CARS = """
    INSERT INTO cars (id, make, model, make_key, model_key, year,
                      price_mxn, price_occurred_at, price_source, price_message_id)
    SELECT 'OLD-' || i, 'Make ' || i % 50, 'Model ' || i % 700,
           'make ' || i % 50, 'model ' || i % 700, 2000 + i % 27,
           100000 + i % 900000, '2025-01-01'::timestamptz + i * interval '1 second', '/old', i::text
    FROM generate_series(1, $1::int) i
"""

_INSERT_IDS = """
    INSERT INTO processed_messages (source, message_id, type, car_id, outcome, digest, processed_at)
    SELECT '/old', md5(i::text), 'inventory.price-changed.v1', 'OLD-' || i % 1000000, 'applied',
           '\\x00112233445566778899aabbccddeeff', now() - interval '1 day'
    FROM generate_series($1::int + 1, $2::int) i
"""


Past = tuple[int, int]
"""How many cars and ids a database has."""

PASTS: dict[str, Past] = {
    "empty": (0, 0),
    "1,000,000 cars, no old ids": (1_000_000, 0),
    "1,000,000 cars, 1,000,000 ids": (1_000_000, 1_000_000),
    "1,000,000 cars, 5,000,000 ids": (1_000_000, 5_000_000),
}

Round = Mapping[str, float]


def run(running: ServerSet, options: Options) -> dict[str, Any]:
    """Measures the same drain on an empty database and on filled ones, in turn."""
    with ExitStack() as stack:
        databases = {
            past: stack.enter_context(_with_past(running, rows)) for past, rows in PASTS.items()
        }
        rounds = [_measure_round(databases, first, options) for first in range(options.rounds)]
    speeds = {past: median(measured[past] for measured in rounds) for past in PASTS}
    ratios = {
        past: median(measured[past] / measured["empty"] for measured in rounds) for past in PASTS
    }
    rows = [(past, f"{speeds[past]:.0f}", f"{ratios[past]:.2f}") for past in PASTS]
    columns = ("existing rows", "#messages/s", "#relative to empty")
    print_table(f"a database with existing rows, {options.rounds} rounds in turn", columns, rows)
    return {"rounds": rounds, "messages_per_second": speeds, "ratios": ratios}


@contextmanager
def _with_past(running: ServerSet, past: Past) -> Iterator[Servers]:
    cars, ids = past
    with running.fresh("bench_growth") as servers:
        prepare(servers)
        asyncio.run(grow(servers, cars=cars, ids=ids))
        yield servers


def _measure_round(databases: Mapping[str, Servers], first: int, options: Options) -> Round:
    """Each round starts with another one: what the last one left behind must not hit the same."""
    places = deque(databases.items())
    places.rotate(-first)
    return {
        past: asyncio.run(measure_drain(servers, OURS, options.messages)).messages_per_second
        for past, servers in places
    }


async def grow(servers: Servers, *, cars: int, ids: int) -> None:
    """Adds old cars and ids up to these numbers."""
    database = await asyncpg.connect(servers.database_url)
    try:
        if not await database.fetchval("SELECT count(*) FROM cars WHERE price_source = '/old'"):
            await database.execute(_INSERT_CARS, cars)
        present = "SELECT count(*) FROM processed_messages WHERE source = '/old'"
        await database.execute(_INSERT_IDS, await database.fetchval(present), ids)
        await database.execute("VACUUM ANALYZE cars, processed_messages")
        await database.execute("CHECKPOINT")
    finally:
        await database.close()
