"""Throughput on a database that already has many cars and ids."""

import asyncio
from statistics import median
from typing import Any

import asyncpg

from benchmarks.contestants import OURS
from benchmarks.drain import measure_drain
from benchmarks.options import Options
from dev.servers import Servers
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


OLD_CARS = 1_000_000
OLD_IDS = (0, 1_000_000, 5_000_000)


def run(servers: Servers, options: Options) -> dict[str, Any]:
    """Measures the same drain on an empty database and on filled ones."""
    speeds = {"empty": _drain_speed(servers, options)}
    for ids in OLD_IDS:
        asyncio.run(grow(servers, cars=OLD_CARS, ids=ids))
        speeds[f"{OLD_CARS:,} cars, {ids:,} ids"] = _drain_speed(servers, options)
    rows = [
        (past, f"{speed:.0f}", f"{speed / speeds['empty']:.2f}") for past, speed in speeds.items()
    ]
    columns = ("existing rows", "#messages/s", "#relative to empty")
    print_table("a database with existing rows", columns, rows)
    return {"messages_per_second": speeds}


def _drain_speed(servers: Servers, options: Options) -> float:
    return median(
        asyncio.run(measure_drain(servers, OURS, options.messages)).messages_per_second
        for _ in range(options.rounds)
    )


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
