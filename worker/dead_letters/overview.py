"""What an operator sees first: the groups, and how they came and went."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from worker.dead_letters.session import DeadLetterSession
from worker.domain.value_objects.group_note import GroupNote
from worker.infra.db.repositories.awaited_cars import AwaitedCounts, PostgresAwaitedCars
from worker.infra.db.repositories.dead_letter_notes import Group, PostgresDeadLetterNotes
from worker.infra.db.repositories.dead_letter_overview import GroupsInTime, read_groups_in_time
from worker.infra.db.repositories.jobs import Job, PostgresJobs
from worker.infra.messaging.events.wire_events import CREATION_TYPE


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything that waits for an operator; `job` is the replay or discard under way.

    `without_file` are discards whose letters nobody has in a file yet.
    `dead_creations` counts awaited cars whose creation is a dead letter, by its error code.
    """

    job: Job | None
    without_file: Sequence[Job]
    waiting: GroupsInTime
    notes: Mapping[Group, GroupNote]
    awaited: AwaitedCounts
    dead_creations: Mapping[str, int]


async def read_overview(session: DeadLetterSession) -> Overview:
    """Reads rows alone."""
    awaited, jobs = PostgresAwaitedCars(session.sessions), PostgresJobs(session.sessions)
    counts = await awaited.count()
    return Overview(
        await jobs.unended(),
        await jobs.without_file(),
        await read_groups_in_time(session.sessions, CREATION_TYPE),
        await PostgresDeadLetterNotes(session.sessions).all(),
        counts,
        await awaited.count_dead_creations(CREATION_TYPE) if counts.cars else {},
    )
