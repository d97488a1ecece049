"""Is the database there, and is its schema one that this release can work on?"""

import re
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from worker.infra.db.database_state import DatabaseState, read_state
from worker.infra.db.errors import DATABASE_ERRORS, translate

SCHEMA_REVISION = "0013"
"""The newest migration of this release; revisions are numbered, so that older means smaller."""

_REVISION = text("SELECT version_num FROM alembic_version")
_OURS = re.compile(r"[0-9]{4}")


class WrongSchemaError(Exception):
    """This release cannot work on the database as it is; the message says what to do."""


class SchemaBehindError(WrongSchemaError):
    """The database lacks migrations that this release needs."""


class ForeignSchemaError(WrongSchemaError):
    """The database belongs to another application."""


class UnfitDatabaseError(WrongSchemaError):
    """The server is too old, the encoding is not UTF8, or search_path leads astray."""


@dataclass(frozen=True, slots=True)
class Revision:
    """The newest migration of a database, None before the first; and where its tables are."""

    number: str | None
    state: DatabaseState


async def read_revision(engine: AsyncEngine) -> Revision:
    """The revision of a database that can be migrated and used.

    Raises:
        StoreUnavailableError: the database does not answer.
        UnfitDatabaseError: no release can use it as it is.
        ForeignSchemaError: its migrations are none of ours.
    """
    try:
        async with engine.connect() as connection:
            state = await read_state(connection)
            problem = state.problem()
            if problem is not None:
                raise UnfitDatabaseError(problem)
            if not state.is_migrated:
                return Revision(None, state)
            number: str | None = (await connection.execute(_REVISION)).scalar()
    except DATABASE_ERRORS as trouble:
        raise translate(trouble) from trouble
    if number is not None and not _OURS.fullmatch(number):
        raise ForeignSchemaError(
            f"the {state.place} is at revision {number!r} of another application: "
            "does DATABASE_URL name the right one?"
        )
    return Revision(number, state)


def check_revision(revision: Revision) -> bool:
    """Tells whether the schema is newer than this release, which it is made to bear.

    Raises:
        SchemaBehindError: with what to do.
        ForeignSchemaError: tables are missing.
    """
    number, state = revision.number, revision.state
    if number is None or number < SCHEMA_REVISION:
        behind = (
            f"the {state.place} is at {number or 'nothing'}, this release needs "
            f"{SCHEMA_REVISION}: run `inventory-worker migrate`"
        )
        raise SchemaBehindError("; ".join(filter(None, (behind, state.other_schemas()))))
    if missing := state.missing_tables():
        raise ForeignSchemaError(
            f"the {state.place} is at {number}, but {missing} is missing: "
            "was it dropped, or does DATABASE_URL name another application's database?"
        )
    return number > SCHEMA_REVISION
