"""Measures the write cost of each index: the worker's own statements with one index less.

A micro-benchmark on one connection, without a broker; the throughput benchmark shows the effect
on messages. Every set of indexes starts right after a checkpoint, which is the most expensive
time, because a page is logged as a whole when it is first changed.
"""

import asyncio
import os
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.catalog_indexes import keep_indexes, read_indexes
from benchmarks.catalog_seed import MILLION, seed
from benchmarks.options import Options
from dev.servers import Servers
from worker.cli.output import print_table
from worker.domain.entities.car import Car, PriceObservation
from worker.infra.db.engine import create_engine, create_sessions
from worker.infra.db.repositories.car_rows import CAR_ROWS
from worker.infra.db.repositories.entity_store import EntityStatements, PostgresEntityStore

BATCH = 400
BATCHES = 25

_NOW = datetime(2026, 11, 1, tzinfo=UTC)
_CARS = EntityStatements(CAR_ROWS)
_LOG_POSITION = text("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')")

Write = Callable[[PostgresEntityStore[Car], random.Random], Awaitable[None]]


class Cost(NamedTuple):
    """Cost per car: WAL in bytes, CPU time of the server in microseconds."""

    log_bytes: float
    cpu_microseconds: float


def run(servers: Servers, options: Options) -> dict[str, Any]:
    """Seeds a million cars; reports the median over all rounds for each set of indexes."""
    asyncio.run(seed(servers.database_url, MILLION))
    costs = asyncio.run(measure_writes(servers.database_url, options.rounds))
    columns = ("indexes", "#update: log B", "#CPU µs", "#insert: log B", "#CPU µs")
    rows = [
        (
            indexes,
            *(f"{figure:.0f}" for cost in (each["update"], each["insert"]) for figure in cost),
        )
        for indexes, each in costs.items()
    ]
    print_table(f"one car of {MILLION:,}, in batches of {BATCH}", columns, rows)
    return {
        indexes: {name: cost._asdict() for name, cost in each.items()}
        for indexes, each in costs.items()
    }


async def measure_writes(database_url: str, rounds: int) -> dict[str, dict[str, Cost]]:
    """The cost of an update and of an insert with all indexes, with none, with all but one."""
    costs: defaultdict[str, dict[str, list[Cost]]] = defaultdict(lambda: defaultdict(list))
    rng = random.Random(rounds)  # noqa: S311 - not security relevant
    database = await asyncpg.connect(database_url)
    indexes = await read_indexes(database)
    sets = {"all": set(indexes), "none": set[str]()}
    sets |= {f"all but {name}": set(indexes) - {name} for name in indexes}
    for _ in range(rounds):
        for label, kept in sets.items():
            await keep_indexes(database, indexes, kept)
            costs[label]["update"].append(await _measure(database_url, _update, rng))
            await database.execute("CHECKPOINT")
            costs[label]["insert"].append(await _measure(database_url, _insert, rng))
            await database.execute("DELETE FROM cars WHERE id LIKE 'NEW-%'")
    await keep_indexes(database, indexes, indexes)
    await database.close()
    return {
        label: {name: _middle(measured) for name, measured in each.items()}
        for label, each in costs.items()
    }


async def _measure(database_url: str, write: Write, rng: random.Random) -> Cost:
    engine = create_engine(lambda: database_url, pool_size=1)
    async with create_sessions(engine)() as session:
        pid = await session.scalar(text("SELECT pg_backend_pid()"))
        log, cpu = await _log_position(session), _cpu_seconds(pid)
        for _ in range(BATCHES):
            await write(PostgresEntityStore(await session.connection(), _CARS), rng)
            await session.commit()
        log, cpu = await _log_position(session) - log, _cpu_seconds(pid) - cpu
    await engine.dispose()
    return Cost(log / BATCH / BATCHES, cpu / BATCH / BATCHES * 1_000_000)


async def _update(store: PostgresEntityStore[Car], rng: random.Random) -> None:
    locked = await store.lock(_ids(rng))
    await store.update([locked[car_id].priced(_price(rng)) for car_id in sorted(locked)])


async def _insert(store: PostgresEntityStore[Car], rng: random.Random) -> None:
    alike = await store.lock(_ids(rng))
    new_ids = sorted(f"NEW-{rng.getrandbits(64):016x}" for _ in alike)
    described = zip(new_ids, alike.values(), strict=True)
    await store.add([replace(car, id=id_, price=_price(rng)) for id_, car in described])


def _ids(rng: random.Random) -> list[str]:
    return [f"MX-{number:08}" for number in sorted(rng.sample(range(MILLION), BATCH))]


def _price(rng: random.Random) -> PriceObservation:
    amount = Decimal(int(rng.lognormvariate(7.7, 0.4)) * 100)
    return PriceObservation(amount, _NOW, "/pricing", f"{rng.getrandbits(64):016x}")


async def _log_position(session: AsyncSession) -> float:
    return float((await session.execute(_LOG_POSITION)).scalar_one())


def _cpu_seconds(pid: int) -> float:
    """CPU time of a local process on Linux (proc(5): utime and stime)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _middle(costs: Sequence[Cost]) -> Cost:
    return Cost(*(median(figures) for figures in zip(*costs, strict=True)))
