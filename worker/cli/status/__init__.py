"""`status`: which workers run where, what waits, and who paused them."""

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.failures import FAILED
from worker.cli.output import AS_JSON, print_json, print_table

if TYPE_CHECKING:
    from worker.fleet_status import FleetStatus
    from worker.infra.fleet import Pause


def status(*, as_json: Annotated[bool, AS_JSON] = False) -> None:
    """Show the workers, their lag, the depth of each queue, and who paused them."""
    from worker.fleet_status import read_status
    from worker.infra.durations import DEFAULT_DURATIONS
    from worker.settings import read_settings

    found = asyncio.run(read_status(read_settings(), DEFAULT_DURATIONS))
    if as_json:
        print_json(asdict(found))
    else:
        _print(found)
    if found.rabbitmq is not None:
        typer.echo(f"inventory-worker: {found.rabbitmq}", err=True)
        raise typer.Exit(FAILED)


def _print(found: "FleetStatus") -> None:
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


def _ender(pause: "Pause") -> str | None:
    """Who ended it; its time, if it ended by itself."""
    return "its time" if pause.resumed_at and pause.resumed_by is None else pause.resumed_by
