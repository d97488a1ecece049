"""Runs the checks of `doctor`."""

from sqlalchemy.ext.asyncio import AsyncEngine

from worker.dead_letters.backlog_check import check_backlog
from worker.domain.ports.unit_of_work import StoreUnavailableError
from worker.infra.check import Check
from worker.infra.clocks import utc_now
from worker.infra.db.awaited_check import check_awaited_cars
from worker.infra.db.database_check import check_database
from worker.infra.db.engine import Sessions, database
from worker.infra.db.errors import DATABASE_ERRORS
from worker.infra.db.identity import identify_database
from worker.infra.db.repositories.workers import PostgresWorkers
from worker.infra.durations import DEFAULT_DURATIONS
from worker.infra.fleet import WorkerState
from worker.infra.messaging.amqp.tolerant_properties import tolerate_undecodable_properties
from worker.infra.messaging.consumer_check import check_consumers
from worker.infra.messaging.management.api import ManagementApi
from worker.infra.messaging.management.check import NOT_CHECKED, check_by_management
from worker.infra.messaging.publish_check import check_publishing
from worker.infra.messaging.topology import queue_specs
from worker.infra.messaging.topology_check import check_topology
from worker.settings import Settings


async def inspect(settings: Settings) -> list[Check]:
    """The checks in the order in which they are told."""
    tolerate_undecodable_properties()
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
        consuming = await _count_consuming(sessions, DEFAULT_DURATIONS.worker_silent)
        consumers = await check_consumers(url, consuming, DEFAULT_DURATIONS)
        publishing = await check_publishing(url, DEFAULT_DURATIONS)
        backlog = await check_backlog(sessions, url, utc_now(), DEFAULT_DURATIONS)
    return [*stored, connection, *queues, consumers, publishing, backlog, *managed]


async def _count_consuming(sessions: Sessions, silent: float) -> int:
    """Workers that say they consume; 0 without a database, which another check tells."""
    try:
        seen = await PostgresWorkers(sessions, silent).seen_within(silent)
    except DATABASE_ERRORS:
        return 0
    return sum(worker.state == WorkerState.CONSUMING for worker in seen)


async def _inspect_by_management(settings: Settings, engine: AsyncEngine) -> list[Check]:
    """Before the topology is declared again, which would hide a missing binding."""
    if settings.rabbitmq_management_url is None:
        return [Check(NOT_CHECKED, None)]
    try:
        fingerprint = (await identify_database(engine)).fingerprint
    except StoreUnavailableError:
        fingerprint = None  # which another check tells
    return await check_by_management(
        ManagementApi(settings.current_management_url, DEFAULT_DURATIONS.call),
        settings.rabbitmq_url.get_secret_value(),
        queue_specs(settings.worker_retry_delays),
        fingerprint,
        DEFAULT_DURATIONS,
    )
