"""What an operator sees first: the groups, and how they came and went."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from worker.dead_letters.session import DeadLetterSession
from worker.infra.clocks import utc_now
from worker.infra.db.repositories.awaited_cars import AwaitedCounts, PostgresAwaitedCars
from worker.infra.db.repositories.dead_letter_overview import GroupsInTime, read_groups_in_time
from worker.infra.db.repositories.dead_letters import DeadLetterCounts, PostgresDeadLetters
from worker.infra.messaging.events.wire_events import CREATION_TYPE


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything that waits for an operator, as of `read_at`.

    `dead_creations` counts awaited cars whose creation is a dead letter, by its error code.
    """

    read_at: datetime
    counts: DeadLetterCounts
    groups: GroupsInTime
    awaited: AwaitedCounts
    dead_creations: Mapping[str, int]


async def read_overview(session: DeadLetterSession) -> Overview:
    """Reads rows alone."""
    sessions = session.sessions
    awaited = PostgresAwaitedCars(sessions)
    return Overview(
        utc_now(),
        await PostgresDeadLetters(sessions).count(),
        await read_groups_in_time(sessions, CREATION_TYPE),
        await awaited.count(),
        await awaited.count_dead_creations(CREATION_TYPE),
    )
