"""Compare the CHECK constraints of the models with those that the migrations made.

`alembic check` compares them by name only. Here PostgreSQL compares them: the tables of the
models are created in a schema of their own, and both schemas are asked for their definitions.

DATABASE_URL=… python -m dev.check_constraints, on a migrated database that nobody needs.
"""

import asyncio
import sys
from collections.abc import Mapping

from sqlalchemy import Connection, text
from sqlalchemy.schema import CreateSchema

from worker.infra.db import models  # noqa: F401 - makes the tables known to Base
from worker.infra.db.base import Base
from worker.infra.db.engine import create_engine
from worker.settings import read_database_url

_MODELS = "made_by_models"
_MIGRATED = "public"

_IN_MODELS = "worker/infra/db/models/"
_IN_MIGRATIONS = "alembic/versions/"

_DEFINITIONS = text("""
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(pg_constraint.oid)
    FROM pg_constraint
    WHERE contype = 'c' AND connamespace = CAST(:schema AS regnamespace)
""")

Definitions = Mapping[tuple[str, str], str]
"""What PostgreSQL says of each constraint, by table and name."""


def main() -> int:
    """Return 1 if any constraint differs."""
    found = asyncio.run(find_differences(read_database_url()))
    for difference in found:
        print(difference, file=sys.stderr)
    return 1 if found else 0


async def find_differences(database_url: str) -> list[str]:
    """One line for each constraint that models and migrations do not share."""
    engine = create_engine(lambda: database_url)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(_compare)
    finally:
        await engine.dispose()


def _compare(connection: Connection) -> list[str]:
    migrated = _read(connection, _MIGRATED)
    connection.execute(CreateSchema(_MODELS))
    in_models = connection.execution_options(schema_translate_map={None: _MODELS})
    Base.metadata.create_all(in_models)
    modelled = _read(connection, _MODELS)
    connection.rollback()
    return [
        _describe(table, name, modelled.get((table, name)), migrated.get((table, name)))
        for table, name in sorted(modelled.keys() | migrated.keys())
        if modelled.get((table, name)) != migrated.get((table, name))
    ]


def _read(connection: Connection, schema: str) -> Definitions:
    connection.execute(text(f'SET LOCAL search_path TO "{schema}"'))  # so tables come unqualified
    rows = connection.execute(_DEFINITIONS, {"schema": schema})
    return {(table, name): definition for table, name, definition in rows}


def _describe(table: str, name: str, modelled: str | None, migrated: str | None) -> str:
    if modelled is None:
        return f"{table}: {name} is in {_IN_MIGRATIONS}, not in {_IN_MODELS}: {migrated}"
    if migrated is None:
        return f"{table}: {name} is in {_IN_MODELS}, not in {_IN_MIGRATIONS}: {modelled}"
    return f"{table}: {name} is {modelled} in {_IN_MODELS}, {migrated} in {_IN_MIGRATIONS}"


if __name__ == "__main__":
    sys.exit(main())
