"""`doctor`: is everything there, and what to do if not."""

import asyncio
from typing import Annotated

import typer

from worker.cli.failures import FAILED, explain
from worker.cli.output import AS_JSON, print_json, print_table
from worker.composition import database
from worker.infra.db.schema import check_revision, read_revision
from worker.infra.messaging.inspection import Inspection, inspect_broker
from worker.settings import Settings, read_settings


def doctor(*, as_json: Annotated[bool, AS_JSON] = False) -> None:
    """Check broker, database, schema and queues, and say what to do."""
    inspections = asyncio.run(_inspect(read_settings()))
    if as_json:
        print_json([{"check": i.check, "problem": i.problem} for i in inspections])
    else:
        rows = [("ok" if i.problem is None else "WRONG", i.check, i.problem) for i in inspections]
        print_table("inventory-worker doctor", ("", "check", "what to do"), rows)
    if any(inspection.problem for inspection in inspections):
        raise typer.Exit(FAILED)


async def _inspect(settings: Settings) -> list[Inspection]:
    return [
        await _inspect_database(settings),
        *await inspect_broker(
            settings.rabbitmq_url.get_secret_value(), settings.worker_retry_delays
        ),
    ]


async def _inspect_database(settings: Settings) -> Inspection:
    check = "PostgreSQL and its schema"
    async with database(settings.database_url.get_secret_value()) as (engine, _):
        try:
            newer = check_revision(await read_revision(engine))
        except Exception as error:
            explained = explain(error)
            if explained is None:
                raise
            return Inspection(check, explained[0])
    return Inspection(f"{check}{', newer than this release' if newer else ''}", None)
