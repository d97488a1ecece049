"""What each index of the catalog costs the whole worker: the same drain, one index less."""

import asyncio
from statistics import median
from typing import Any

import asyncpg

from benchmarks.catalog_indexes import keep_indexes, read_indexes
from benchmarks.catalog_seed import MILLION, seed
from benchmarks.contestants import OURS
from benchmarks.drain import measure_drain
from benchmarks.options import Options
from dev.servers import Servers
from worker.cli.output import print_table

ALL = "all indexes"


def run(servers: Servers, options: Options) -> dict[str, Any]:
    """Drains beside a million cars; the sets of indexes in turn, ratios within each round."""
    asyncio.run(seed(servers.database_url, MILLION))
    rounds = asyncio.run(_measure_rounds(servers, options))
    speeds = {label: median(speeds[label] for speeds in rounds) for label in rounds[0]}
    ratios = {
        label: median(speeds[label] / speeds[ALL] for speeds in rounds) for label in rounds[0]
    }
    rows = [(label, f"{speed:.0f}", f"{ratios[label]:.2f}") for label, speed in speeds.items()]
    title = f"what an index costs, beside {MILLION:,} cars, medians of {options.rounds} rounds"
    print_table(title, ("indexes", "#messages/s", "#against all"), rows)
    return {"messages_per_second": speeds, "against_all": ratios}


async def _measure_rounds(servers: Servers, options: Options) -> list[dict[str, float]]:
    rounds: list[dict[str, float]] = []
    database = await asyncpg.connect(servers.database_url)
    indexes = await read_indexes(database)
    sets = {ALL: set(indexes), "the primary key alone": set[str]()}
    sets |= {f"all but {name}": set(indexes) - {name} for name in indexes}
    for _ in range(options.rounds):
        speeds: dict[str, float] = {}
        for label, kept in sets.items():
            await keep_indexes(database, indexes, kept)
            drained = await measure_drain(servers, OURS, options.messages)
            speeds[label] = drained.messages_per_second
        rounds.append(speeds)
    await keep_indexes(database, indexes, indexes)
    await database.close()
    return rounds
