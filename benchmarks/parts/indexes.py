"""The cost of each index for the whole worker: the same drain with one index less."""

import asyncio
from statistics import median
from typing import Any

import asyncpg

from benchmarks.catalog_indexes import keep_indexes, read_indexes
from benchmarks.catalog_seed import MILLION, seed
from benchmarks.contestants import OURS
from benchmarks.drain import Drained, measure_drain
from benchmarks.options import Options
from dev.servers import Servers
from worker.cli.output import print_table

ALL = "all indexes"


def run(servers: Servers, options: Options) -> dict[str, Any]:
    """Drains with a million cars stored; alternates index sets, with ratios per round."""
    asyncio.run(seed(servers.database_url, MILLION))
    rounds = asyncio.run(_measure_rounds(servers, options))
    figures = {label: _summarise(label, rounds) for label in rounds[0]}
    title = f"what an index costs, beside {MILLION:,} cars, medians of {options.rounds} rounds"
    headers = (
        "indexes",
        "#messages/s",
        "#against all",
        "#lowest",
        "#highest",
        "#WAL bytes/message",
    )
    print_table(title, headers, [_row(label, figure) for label, figure in figures.items()])
    return figures


def _summarise(label: str, rounds: list[dict[str, Drained]]) -> dict[str, float]:
    ratios = [
        drains[label].messages_per_second / drains[ALL].messages_per_second for drains in rounds
    ]
    return {
        "messages_per_second": median(drains[label].messages_per_second for drains in rounds),
        "against_all": median(ratios),
        "against_all_lowest": min(ratios),
        "against_all_highest": max(ratios),
        "wal_bytes_per_message": median(drains[label].wal_bytes_per_message for drains in rounds),
    }


def _row(label: str, figure: dict[str, float]) -> tuple[str, ...]:
    speed, ratio, low, high, wal = figure.values()
    return label, f"{speed:.0f}", f"{ratio:.2f}", f"{low:.2f}", f"{high:.2f}", f"{wal:,.0f}"


async def _measure_rounds(servers: Servers, options: Options) -> list[dict[str, Drained]]:
    rounds: list[dict[str, Drained]] = []
    database = await asyncpg.connect(servers.database_url)
    indexes = await read_indexes(database)
    sets = {ALL: set(indexes), "the primary key alone": set[str]()}
    sets |= {f"all but {name}": set(indexes) - {name} for name in indexes}
    for _ in range(options.rounds):
        drains: dict[str, Drained] = {}
        for label, kept in sets.items():
            await keep_indexes(database, indexes, kept)
            drains[label] = await measure_drain(servers, OURS, options.messages)
        rounds.append(drains)
    await keep_indexes(database, indexes, indexes)
    await database.close()
    return rounds
