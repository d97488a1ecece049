import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, TaskID

from worker.application.outcomes import Failure
from worker.cli.event_file import (
    EventFile,
    describe_wrong_line,
    find_wrong_lines,
    read_event_file,
)
from worker.cli.failures import FAILED
from worker.infra.durations import DEFAULT_DURATIONS
from worker.infra.messaging.amqp.confirming_publisher import (
    ConfirmingPublisher,
    UnroutableError,
)
from worker.infra.messaging.events.event_check import WrongLine
from worker.infra.messaging.events.event_lines import EventLine, NumberedLine
from worker.infra.messaging.names import EVENTS_EXCHANGE
from worker.settings import read_rabbitmq_url

PUBLISHERS = 64


def publish(
    file: EventFile,
    *,
    no_validate: Annotated[
        bool, typer.Option("--no-validate", help="Send invalid events too.")
    ] = False,
) -> None:
    """Publish events, each confirmed by the broker; if one is invalid, none is sent."""
    lines = read_event_file(file)
    _refuse(_find_unsendable(lines) if no_validate else find_wrong_lines(lines))
    events = [line.content for line in lines if isinstance(line.content, EventLine)]
    unroutable = asyncio.run(_publish(read_rabbitmq_url(), events))
    typer.echo(f"published {len(events) - len(unroutable)} of {len(events)} events")
    for type_ in sorted(set(unroutable)):
        typer.echo(f"no queue takes {type_!r}: {unroutable.count(type_)} not sent", err=True)
    if unroutable:
        raise typer.Exit(FAILED)


def _refuse(wrong_lines: Sequence[WrongLine]) -> None:
    for wrong in wrong_lines:
        typer.echo(f"inventory-worker: {describe_wrong_line(wrong)}", err=True)
    if wrong_lines:
        typer.echo(f"inventory-worker: {len(wrong_lines)} wrong; nothing was sent", err=True)
        raise typer.Exit(FAILED)


def _find_unsendable(lines: Sequence[NumberedLine]) -> list[WrongLine]:
    """Lines without an event to send."""
    return [
        WrongLine(line.number, line.content) for line in lines if isinstance(line.content, Failure)
    ]


async def _publish(url: str, events: Sequence[EventLine]) -> list[str]:
    """Publishes in file order, several at a time; returns the types of unroutable events."""
    publisher = ConfirmingPublisher(
        lambda: url,
        exchange=EVENTS_EXCHANGE,
        name="inventory-worker-publish",
        durations=DEFAULT_DURATIONS,
    )
    unroutable: list[str] = []
    remaining = iter(events)
    console = Console(stderr=True)

    async def work(progress: Progress, task: TaskID) -> None:
        for event in remaining:
            try:
                properties = event.properties()
                properties.timestamp = datetime.now(UTC)  # the delivery lag is measured from it
                await publisher.publish(event.data.encode(), properties, event.type)
            except UnroutableError:
                unroutable.append(event.type)
            progress.advance(task)

    try:
        with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task("publishing", total=len(events))
            async with asyncio.TaskGroup() as group:
                for _ in range(PUBLISHERS):
                    group.create_task(work(progress, task))
    except ExceptionGroup as errors:  # in early 3.11 `except*` would wrap what is raised in it
        raise errors.exceptions[0] from None
    finally:
        await publisher.close()
    return unroutable
