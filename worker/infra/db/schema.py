"""Is the database there, and is its schema one that this release can work on?"""

import re

from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from worker.infra.db.errors import DATABASE_ERRORS, translate

SCHEMA_REVISION = "0005"
"""The newest migration of this release; revisions are numbered, so that older means smaller."""

_REVISION = text("SELECT version_num FROM alembic_version")
_UNDEFINED_TABLE = "42P01"


_OURS = re.compile(r"[0-9]{4}")


class WrongSchemaError(Exception):
    """This release cannot work on the database as it is; the message says what to do."""


class SchemaBehindError(WrongSchemaError):
    """The database lacks migrations that this release needs."""


class ForeignSchemaError(WrongSchemaError):
    """The database belongs to another application."""


async def read_revision(engine: AsyncEngine) -> str | None:
    """The revision of the database, None before the first migration.

    Raises:
        StoreUnavailableError: the database does not answer.
        ForeignSchemaError: its migrations are none of ours.
    """
    try:
        async with engine.connect() as connection:
            revision: str | None = (await connection.execute(_REVISION)).scalar()
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) == _UNDEFINED_TABLE:
            return None
        raise translate(error) from error
    except DATABASE_ERRORS as trouble:
        raise translate(trouble) from trouble
    if revision is not None and not _OURS.fullmatch(revision):
        raise ForeignSchemaError(
            f"the database is at revision {revision!r} of another application: "
            "does DATABASE_URL name the right one?"
        )
    return revision


def check_revision(revision: str | None) -> bool:
    """Tells whether the schema is newer than this release, which it is made to bear.

    Raises:
        SchemaBehindError: with what to do.
    """
    if revision is None or revision < SCHEMA_REVISION:
        raise SchemaBehindError(
            f"the schema is at {revision or 'nothing'}, this release needs {SCHEMA_REVISION}: "
            "run `inventory-worker migrate`"
        )
    return revision > SCHEMA_REVISION
