"""`doctor`: checks the servers and says what to do about problems."""

import asyncio
from typing import Annotated

import typer

from worker.cli.failures import FAILED
from worker.cli.output import AS_JSON, print_json, print_table
from worker.composition import database, utc_now
from worker.dead_letters.backlog_check import check_backlog
from worker.infra.check import Check
from worker.infra.db.database_check import check_database
from worker.infra.durations import DEFAULT_DURATIONS
from worker.infra.messaging.amqp.tolerant_properties import tolerate_undecodable_properties
from worker.infra.messaging.topology_check import check_topology
from worker.settings import Settings, read_settings


def doctor(*, as_json: Annotated[bool, AS_JSON] = False) -> None:
    """Check broker, database, schema, queues, rights and clock, and say what to do."""
    tolerate_undecodable_properties()
    inspections = asyncio.run(_inspect(read_settings()))
    if as_json:
        print_json(
            [{"check": i.check, "problem": i.problem, "verdict": _verdict(i)} for i in inspections]
        )
    else:
        rows = [(_verdict(i), i.check, i.problem) for i in inspections]
        print_table("inventory-worker doctor", ("", "check", "what to do"), rows)
    if any(inspection.problem and not inspection.is_warning for inspection in inspections):
        raise typer.Exit(FAILED)


def _verdict(inspection: Check) -> str:
    if inspection.problem is None:
        return "ok"
    return "warning" if inspection.is_warning else "WRONG"


async def _inspect(settings: Settings) -> list[Check]:
    url = settings.rabbitmq_url.get_secret_value()
    async with database(settings.current_database_url) as (engine, sessions):
        stored = await check_database(engine, utc_now)
        connection, *queues = await check_topology(
            url, settings.worker_retry_delays, DEFAULT_DURATIONS
        )
        if connection.problem is not None:
            return [*stored, connection]
        backlog = await check_backlog(sessions, url, utc_now(), DEFAULT_DURATIONS)
    return [*stored, connection, *queues, backlog]
