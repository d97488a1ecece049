"""Runs the migrations on the database that DATABASE_URL names."""

import asyncio
import sys

from alembic import context
from sqlalchemy import Connection, text

from worker.infra.db import models  # noqa: F401 - makes the tables known to Base
from worker.infra.db.base import Base
from worker.infra.db.engine import create_command_engine
from worker.infra.db.migration_turn import wait_for_migration_turn
from worker.settings import read_database_url

MIGRATION_SETTINGS = {"application_name": "inventory-worker-migrate"}
LOCK_TIMEOUT = "SET lock_timeout = '5s'"
"""A migration that waits for a table holds up everybody behind it: give up soon instead."""

AUTOGENERATE = ("alembic.autogenerate.*", "alembic.ext.checkconstraint_byname")
"""CHECK constraints too: `make migration` writes the new ones, which alembic leaves out by default.
Ours all have names; `dev/check_constraints.py` compares what they say."""


def migrate_offline() -> None:
    """Prints the SQL instead of running it: `alembic upgrade head --sql`."""
    context.configure(
        dialect_name="postgresql",
        target_metadata=Base.metadata,
        literal_binds=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def migrate(connection: Connection) -> None:
    """Runs the migrations on a connection; each in a transaction of its own."""
    wait_for_migration_turn(connection, lambda line: sys.stderr.write(f"{line}\n"))
    connection.execute(text(LOCK_TIMEOUT))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_server_default=True,
        autogenerate_plugins=AUTOGENERATE,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def migrate_online() -> None:
    """Connects and migrates; closing the connection frees the advisory lock."""
    engine = create_command_engine(read_database_url, MIGRATION_SETTINGS)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(migrate)
    finally:
        await engine.dispose()


if context.is_offline_mode():
    migrate_offline()
else:
    asyncio.run(migrate_online())
