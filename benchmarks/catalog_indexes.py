"""Drops and recreates the indexes of the catalog, except its primary key."""

from collections.abc import Collection, Mapping

import asyncpg

_INDEXES = """
    SELECT indexname, indexdef FROM pg_indexes
    WHERE tablename = 'cars' AND indexname <> 'pk_cars' ORDER BY indexname
"""


async def read_indexes(database: asyncpg.Connection) -> dict[str, str]:
    """The statement that creates each index, by name."""
    return {row["indexname"]: row["indexdef"] for row in await database.fetch(_INDEXES)}


async def keep_indexes(
    database: asyncpg.Connection, indexes: Mapping[str, str], kept: Collection[str]
) -> None:
    """Drops all and recreates the kept ones, so that all are equally well packed."""
    for name in indexes:
        await database.execute(f"DROP INDEX IF EXISTS {name}")
    for name in sorted(kept):
        await database.execute(indexes[name])
    await database.execute("VACUUM (ANALYZE) cars")
    await database.execute("CHECKPOINT")
