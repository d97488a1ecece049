from collections.abc import Sequence
from dataclasses import dataclass

from worker.dead_letters.session import DeadLetterSession
from worker.domain.value_objects.dead_letter_selection import Selection
from worker.infra.db.repositories.dead_letter_groups import DeadLetterGroup, group_dead_letters
from worker.infra.db.repositories.dead_letters import PostgresDeadLetters


@dataclass(frozen=True, slots=True)
class GroupListing:
    """The groups of the selected dead letters, largest first.

    `total` and `vanished` count all dead letters, and those among them that are in no queue.
    """

    groups: Sequence[DeadLetterGroup]
    total: int
    vanished: int


async def list_groups(session: DeadLetterSession, selection: Selection) -> GroupListing:
    """Reads rows alone."""
    counts = await PostgresDeadLetters(session.sessions).count()
    groups = await group_dead_letters(session.sessions, selection)
    return GroupListing(groups, counts.total, counts.vanished)
