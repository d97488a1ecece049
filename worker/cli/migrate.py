import asyncio
from pathlib import Path

import typer

from worker.composition import database
from worker.infra.db.schema import SCHEMA_REVISION, Revision, UnfitDatabaseError, read_revision
from worker.settings import read_database_url


def migrate() -> None:
    """Bring the database to the schema of this release; concurrent runs take turns."""
    from alembic import command  # noqa: PLC0415 - 8 MB that no other command needs
    from alembic.config import Config  # noqa: PLC0415 - as above

    found = asyncio.run(_read_revision())
    number, state = found.number, found.state
    if number is not None and number > SCHEMA_REVISION:  # a release was rolled back
        typer.echo(f"the {state.place} is at {number}, newer than this release: nothing to do")
        return
    if problem := state.migration_problem():
        raise UnfitDatabaseError(problem)
    command.upgrade(Config(alembic_ini()), "head")
    typer.echo(f"the {state.place} is at {SCHEMA_REVISION}")


def alembic_ini() -> Path:
    """Inside the package if it is installed, beside it in a checkout and in the image."""
    package = Path(__file__).resolve().parents[1]
    packaged = package / "alembic.ini"
    return packaged if packaged.exists() else package.parent / "alembic.ini"


async def _read_revision() -> Revision:
    async with database(read_database_url) as (engine, _):
        return await read_revision(engine)
