import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, TaskID

from worker.cli.failures import FAILED, WRONG_USAGE
from worker.infra.messaging.confirming_publisher import (
    BrokerUnavailableError,
    ConfirmingPublisher,
    UnpublishableError,
    UnroutableError,
)
from worker.infra.messaging.event_lines import EventLine, InvalidLineError, parse_event_line
from worker.infra.messaging.topology import EVENTS_EXCHANGE
from worker.settings import read_settings

PUBLISHERS = 64


def publish(
    file: Annotated[str, typer.Argument(help="JSON Lines; - reads standard input.")],
) -> None:
    """Publish events, each confirmed by the broker."""
    events = _parse(_read(file))
    url = read_settings().rabbitmq_url.get_secret_value()
    unroutable = asyncio.run(_publish(url, events))
    typer.echo(f"published {len(events) - len(unroutable)} of {len(events)} events")
    for type_ in sorted(set(unroutable)):
        typer.echo(f"no queue takes {type_!r}: {unroutable.count(type_)} not sent", err=True)
    if unroutable:
        raise typer.Exit(FAILED)


def _read(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        typer.echo(f"inventory-worker: cannot read {file}: {error}", err=True)
        raise typer.Exit(WRONG_USAGE) from None


def _parse(text: str) -> list[EventLine]:
    """All or nothing: where one line is wrong, none is published."""
    events = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            events.append(parse_event_line(line))
        except InvalidLineError as error:
            typer.echo(f"inventory-worker: line {number} {error}; nothing was sent", err=True)
            raise typer.Exit(WRONG_USAGE) from None
    return events


async def _publish(url: str, events: Sequence[EventLine]) -> list[str]:
    """Publishes in file order but for what is in flight; returns the types nobody takes."""
    publisher = ConfirmingPublisher(url, exchange=EVENTS_EXCHANGE, name="inventory-worker-publish")
    unroutable: list[str] = []
    remaining = iter(events)

    async def work(progress: Progress, task: TaskID) -> None:
        for event in remaining:
            try:
                await publisher.publish(event.data.encode(), event.properties(), event.type)
            except UnroutableError:
                unroutable.append(event.type)
            progress.advance(task)

    try:
        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("publishing", total=len(events))
            async with asyncio.TaskGroup() as group:
                for _ in range(PUBLISHERS):
                    group.create_task(work(progress, task))
    except* (BrokerUnavailableError, UnpublishableError) as errors:
        raise errors.exceptions[0] from None
    finally:
        await publisher.close()
    return unroutable
