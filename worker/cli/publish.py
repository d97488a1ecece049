import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from worker.application.outcomes import Failure
from worker.cli.event_file import (
    EventFile,
    describe_wrong_line,
    find_wrong_lines,
    read_event_file,
)
from worker.cli.failures import FAILED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.infra.messaging.events.event_check import WrongLine
    from worker.infra.messaging.events.event_lines import NumberedLine


def publish(
    file: EventFile,
    *,
    no_validate: Annotated[
        bool, typer.Option("--no-validate", help="Send invalid events too.")
    ] = False,
) -> None:
    """Publish events, each confirmed by the broker; if one is invalid, none is sent."""
    from worker.cli.publishing import publish_events
    from worker.settings import read_rabbitmq_url

    lines = read_event_file(file)
    _refuse(_find_unsendable(lines) if no_validate else find_wrong_lines(lines))
    events = [line.content for line in lines if not isinstance(line.content, Failure)]
    unroutable = asyncio.run(publish_events(read_rabbitmq_url(), events))
    typer.echo(f"published {len(events) - len(unroutable)} of {len(events)} events")
    for type_ in sorted(set(unroutable)):
        typer.echo(f"no queue takes {type_!r}: {unroutable.count(type_)} not sent", err=True)
    if unroutable:
        raise typer.Exit(FAILED)


def _refuse(wrong_lines: "Sequence[WrongLine]") -> None:
    for wrong in wrong_lines:
        typer.echo(f"inventory-worker: {describe_wrong_line(wrong)}", err=True)
    if wrong_lines:
        typer.echo(f"inventory-worker: {len(wrong_lines)} wrong; nothing was sent", err=True)
        raise typer.Exit(FAILED)


def _find_unsendable(lines: "Sequence[NumberedLine]") -> "list[WrongLine]":
    """Lines without an event to send."""
    from worker.infra.messaging.events.event_check import WrongLine

    return [
        WrongLine(line.number, line.content) for line in lines if isinstance(line.content, Failure)
    ]
