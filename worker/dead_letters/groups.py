from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from worker.dead_letters.session import DeadLetterSession
from worker.domain.value_objects.dead_letter_selection import Selection
from worker.infra.db.repositories.awaited_cars import PostgresAwaitedCars
from worker.infra.db.repositories.dead_letter_groups import DeadLetterGroup, group_dead_letters
from worker.infra.db.repositories.dead_letters import PostgresDeadLetters
from worker.infra.messaging.events.wire_events import CREATION_TYPE


@dataclass(frozen=True, slots=True)
class GroupListing:
    """The groups of the selected dead letters, largest first.

    `total` and `vanished` count all dead letters, and those among them that are in no queue.
    `awaited` counts cars that something waits for because their creation is a dead letter, by its
    error code.
    """

    groups: Sequence[DeadLetterGroup]
    total: int
    vanished: int
    awaited: Mapping[str, int]


async def list_groups(session: DeadLetterSession, selection: Selection) -> GroupListing:
    """Reads rows alone."""
    counts = await PostgresDeadLetters(session.sessions).count()
    groups = await group_dead_letters(session.sessions, selection)
    awaited = await PostgresAwaitedCars(session.sessions).count_dead_creations(CREATION_TYPE)
    return GroupListing(groups, counts.total, counts.vanished, awaited)
