"""`status`: which workers run where, what waits, and who paused them."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from worker.cli.failures import FAILED
from worker.cli.output import AS_JSON, print_json, print_table
from worker.composition import database
from worker.infra.db.errors import DATABASE_ERRORS, translate
from worker.infra.db.repositories.pauses import PostgresPauses
from worker.infra.db.repositories.workers import KnownWorker, PostgresWorkers
from worker.infra.db.schema import check_revision, read_revision
from worker.infra.durations import DEFAULT_DURATIONS, Durations
from worker.infra.fleet import Pause
from worker.infra.messaging.amqp.connection import BROKER_ERRORS, in_brief
from worker.infra.messaging.queue_depths import QueueDepth, read_depths
from worker.infra.messaging.topology import queue_specs
from worker.settings import Settings, read_settings

SHOWN_PAUSES = 5


@dataclass(frozen=True, slots=True)
class _Status:
    pause: Pause | None
    workers: Sequence[KnownWorker]
    queues: Sequence[QueueDepth]
    rabbitmq: str | None
    pauses: Sequence[Pause]


def status(*, as_json: Annotated[bool, AS_JSON] = False) -> None:
    """Show the workers, their lag, the depth of each queue, and who paused them."""
    found = asyncio.run(_read(read_settings(), DEFAULT_DURATIONS))
    if as_json:
        print_json(asdict(found))
    else:
        _print(found)
    if found.rabbitmq is not None:
        typer.echo(f"inventory-worker: {found.rabbitmq}", err=True)
        raise typer.Exit(FAILED)


async def _read(settings: Settings, durations: Durations) -> _Status:
    async with database(settings.current_database_url) as (engine, sessions):
        check_revision(await read_revision(engine))
        pauses = PostgresPauses(sessions)
        workers = PostgresWorkers(sessions, durations.worker_silent)
        try:
            pause = await pauses.in_force()
            seen = await workers.seen_within(durations.silent_shown)
            newest = await pauses.newest(SHOWN_PAUSES)
        except DATABASE_ERRORS as trouble:
            raise translate(trouble) from trouble
    names = [spec.name for spec in queue_specs(settings.worker_retry_delays)]
    try:
        queues = await read_depths(settings.current_rabbitmq_url(), names, durations)
    except BROKER_ERRORS as error:
        return _Status(pause, seen, [], f"RabbitMQ: {in_brief(error)}", newest)
    return _Status(pause, seen, queues, None, newest)


def _print(found: _Status) -> None:
    typer.echo("no pause is in force" if found.pause is None else f"{found.pause}")
    print_table(
        f"{len(found.workers)} workers",
        (
            *("worker", "version", "state", "RabbitMQ", "PostgreSQL", "#in flight", "#lag"),
            *("last settled", "last seen", "waits for"),
        ),
        [
            (
                *(w.process, w.version, w.state, w.rabbitmq_node, w.database_server, w.in_flight),
                *(_seconds(w.lag_seconds), w.settled_at, w.seen_at, w.detail or None),
            )
            for w in found.workers
        ],
    )
    rows = [(queue.queue, queue.ready, queue.consumers) for queue in found.queues]
    print_table("queues", ("queue", "#ready", "#consumers"), rows)
    print_table(
        "newest pauses",
        ("#id", "paused by", "paused", "until", "resumed", "resumed by", "reason"),
        [
            (p.id, p.paused_by, p.paused_at, p.until, p.resumed_at, _ender(p), p.reason)
            for p in found.pauses
        ],
    )


def _seconds(lag: float | None) -> str | None:
    return None if lag is None else f"{lag:.1f} s"


def _ender(pause: Pause) -> str | None:
    """Who ended it; its time, if it ended by itself."""
    return "its time" if pause.resumed_at and pause.resumed_by is None else pause.resumed_by
