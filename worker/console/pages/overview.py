import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.responses import Response

from worker.console.choices import fields_of
from worker.console.pictures import Sparkline, draw
from worker.console.visit import Visit
from worker.domain.value_objects.dead_letter_selection import Selection
from worker.domain.value_objects.group_note import GroupNote
from worker.fleet_status import Fleet, read_fleet, read_queues
from worker.infra.db.repositories.dead_letter_notes import Group
from worker.infra.db.repositories.dead_letter_overview import HOURS, GroupInTime
from worker.infra.messaging.amqp.connection import BROKER_ERRORS, in_brief
from worker.infra.messaging.queue_depths import QueueDepth


@dataclass(frozen=True, slots=True)
class GroupShown:
    """A group, its picture, and the fields of the address of its letters."""

    group: GroupInTime
    note: GroupNote | None
    picture: Sparkline
    fields: Mapping[str, str | list[str]]


@dataclass(frozen=True, slots=True)
class Running:
    """Workers and queues; `problem` is what is wrong with RabbitMQ, None for nothing."""

    fleet: Fleet
    queues: Sequence[QueueDepth]
    problem: str | None


async def show_overview(visit: Visit) -> Response:
    """What waits for an operator, and whether the workers run."""
    overview, running = await asyncio.gather(visit.letters.overview(), read_running(visit))
    groups = [_show(group, overview.notes) for group in overview.waiting.groups]
    every = [group.hourly for group in overview.waiting.groups]
    return visit.page(
        "overview.html",
        overview=overview,
        groups=groups,
        picture=draw([sum(hour) for hour in zip([0] * HOURS, *every, strict=True)]),
        total_change=sum(group.change for group in overview.waiting.groups),
        running=running,
    )


async def show_workers(visit: Visit) -> Response:
    """Every worker, queue and pause."""
    return visit.page("workers.html", running=await read_running(visit))


async def read_running(visit: Visit) -> Running:
    """Asks both servers at once; a RabbitMQ that is silent costs a few seconds."""
    settings, durations = visit.console.settings, visit.console.durations

    async def count() -> tuple[Sequence[QueueDepth], str | None]:
        try:
            async with asyncio.timeout(durations.queues_page):
                return await read_queues(settings, durations), None
        except BROKER_ERRORS as error:
            return [], f"RabbitMQ: {in_brief(error)}"

    fleet, (queues, problem) = await asyncio.gather(read_fleet(settings, durations), count())
    return Running(fleet, queues, problem)


def _show(group: GroupInTime, notes: Mapping[Group, GroupNote]) -> GroupShown:
    selection = Selection(code=group.code, type=group.type, source=group.source)
    return GroupShown(
        group, notes.get((group.code, group.type)), draw(group.hourly), fields_of(selection)
    )
