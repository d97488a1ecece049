from pathlib import Path

import typer

from worker.infra.db.schema import SCHEMA_REVISION
from worker.settings import read_database_url

ALEMBIC_INI = Path(__file__).resolve().parents[2] / "alembic.ini"


def migrate() -> None:
    """Bring the database to the schema of this release; two at once take turns."""
    from alembic import command  # noqa: PLC0415 - 8 MB that no other command needs
    from alembic.config import Config  # noqa: PLC0415 - as above

    read_database_url()
    command.upgrade(Config(ALEMBIC_INI), "head")
    typer.echo(f"the schema is at {SCHEMA_REVISION}")
