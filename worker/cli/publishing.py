"""Sends the events of `publish`."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.progress import Progress, TaskID

from worker.infra.durations import DEFAULT_DURATIONS
from worker.infra.messaging.amqp.confirming_publisher import ConfirmingPublisher, UnroutableError
from worker.infra.messaging.events.event_lines import EventLine
from worker.infra.messaging.names import EVENTS_EXCHANGE

PUBLISHERS = 64


async def publish_events(url: str, events: Sequence[EventLine]) -> list[str]:
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
