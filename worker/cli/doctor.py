"""`doctor`: checks the servers and says what to do about problems."""

import asyncio
from typing import Annotated

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from worker.cli.failures import FAILED
from worker.cli.output import AS_JSON, print_json, print_table
from worker.composition import database, utc_now
from worker.dead_letters.backlog_check import check_backlog
from worker.domain.ports.unit_of_work import StoreUnavailableError
from worker.infra.check import Check
from worker.infra.db.awaited_check import check_awaited_cars
from worker.infra.db.database_check import check_database
from worker.infra.db.identity import identify_database
from worker.infra.durations import DEFAULT_DURATIONS
from worker.infra.messaging.amqp.tolerant_properties import tolerate_undecodable_properties
from worker.infra.messaging.management.api import ManagementApi
from worker.infra.messaging.management.check import NOT_CHECKED, check_by_management
from worker.infra.messaging.publish_check import check_publishing
from worker.infra.messaging.topology import queue_specs
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
        stored = [
            *await check_database(engine, utc_now),
            await check_awaited_cars(sessions, utc_now()),
        ]
        managed = await _inspect_by_management(settings, engine)
        connection, *queues = await check_topology(
            url, settings.worker_retry_delays, DEFAULT_DURATIONS
        )
        if connection.problem is not None:
            return [*stored, connection, *managed]
        publishing = await check_publishing(url, DEFAULT_DURATIONS)
        backlog = await check_backlog(sessions, url, utc_now(), DEFAULT_DURATIONS)
    return [*stored, connection, *queues, publishing, backlog, *managed]


async def _inspect_by_management(settings: Settings, engine: AsyncEngine) -> list[Check]:
    """Before the topology is declared again, which would hide a missing binding."""
    url = settings.rabbitmq_management_url
    if url is None:
        return [Check(NOT_CHECKED, None)]
    try:
        fingerprint = (await identify_database(engine)).fingerprint
    except StoreUnavailableError:
        fingerprint = None  # which another check tells
    return await check_by_management(
        ManagementApi(url.get_secret_value(), DEFAULT_DURATIONS.call),
        settings.rabbitmq_url.get_secret_value(),
        queue_specs(settings.worker_retry_delays),
        fingerprint,
    )
