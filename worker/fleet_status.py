"""Workers, pauses and queues, read from both servers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from worker.infra.db.engine import database
from worker.infra.db.errors import DATABASE_ERRORS, translate
from worker.infra.db.repositories.dead_letter_comparison import read_last_comparison
from worker.infra.db.repositories.pauses import PostgresPauses
from worker.infra.db.repositories.workers import KnownWorker, PostgresWorkers
from worker.infra.db.schema import check_revision, read_revision
from worker.infra.durations import Durations
from worker.infra.fleet import Pause
from worker.infra.messaging.amqp.connection import BROKER_ERRORS, in_brief
from worker.infra.messaging.queue_depths import QueueDepth, read_depths
from worker.infra.messaging.topology import queue_specs
from worker.settings import Settings

SHOWN_PAUSES = 5


@dataclass(frozen=True, slots=True)
class FleetStatus:
    """`rabbitmq` is what is wrong with RabbitMQ, None for nothing."""

    pause: Pause | None
    workers: Sequence[KnownWorker]
    queues: Sequence[QueueDepth]
    rabbitmq: str | None
    pauses: Sequence[Pause]


@dataclass(frozen=True, slots=True)
class Fleet:
    """What the database knows of the workers; `pause` is the one in force.

    `compared_at` is when rows and queue of the dead letters were last compared, None for never.
    """

    pause: Pause | None
    workers: Sequence[KnownWorker]
    pauses: Sequence[Pause]
    compared_at: datetime | None


async def read_status(settings: Settings, durations: Durations) -> FleetStatus:
    """Asks both servers; without RabbitMQ the depths are left out."""
    fleet = await read_fleet(settings, durations)
    try:
        queues, problem = await read_queues(settings, durations), None
    except BROKER_ERRORS as error:
        queues, problem = [], f"RabbitMQ: {in_brief(error)}"
    return FleetStatus(fleet.pause, fleet.workers, queues, problem, fleet.pauses)


async def read_fleet(settings: Settings, durations: Durations) -> Fleet:
    """Asks the database alone."""
    async with database(settings.current_database_url) as (engine, sessions):
        check_revision(await read_revision(engine))
        pauses = PostgresPauses(sessions)
        workers = PostgresWorkers(sessions, durations.worker_silent)
        try:
            pause = await pauses.in_force()
            seen = await workers.seen_within(durations.silent_shown)
            newest = await pauses.newest(SHOWN_PAUSES)
            compared = await read_last_comparison(sessions)
        except DATABASE_ERRORS as trouble:
            raise translate(trouble) from trouble
    return Fleet(pause, seen, newest, compared)


async def read_queues(settings: Settings, durations: Durations) -> list[QueueDepth]:
    """Asks RabbitMQ alone.

    Raises:
        BROKER_ERRORS: it does not answer.
    """
    names = [spec.name for spec in queue_specs(settings.worker_retry_delays)]
    return await read_depths(settings.current_rabbitmq_url(), names, durations)
