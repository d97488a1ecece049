import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from worker.infra.db.schema import Revision


def migrate() -> None:
    """Bring the database to the schema of this release; concurrent runs take turns."""
    from alembic import command
    from alembic.config import Config

    from worker.infra.db.schema import SCHEMA_REVISION, UnfitDatabaseError

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


async def _read_revision() -> "Revision":
    from worker.infra.db.engine import database
    from worker.infra.db.schema import read_revision
    from worker.settings import read_database_url

    async with database(read_database_url) as (engine, _):
        return await read_revision(engine)
