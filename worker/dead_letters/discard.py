"""What a discard would take."""

from collections.abc import Sequence
from dataclasses import dataclass

from worker.dead_letters.frozen_selection import require_all
from worker.dead_letters.session import DeadLetterSession
from worker.domain.value_objects.dead_letter_selection import Selection
from worker.infra.db.repositories.dead_letter_groups import DeadLetterGroup, group_dead_letters
from worker.infra.db.repositories.dead_letters import PostgresDeadLetters


@dataclass(frozen=True, slots=True)
class DiscardRehearsal:
    """What a discard would take, by error code and type."""

    selected: int
    groups: Sequence[DeadLetterGroup]


async def rehearse_discard(session: DeadLetterSession, selection: Selection) -> DiscardRehearsal:
    """Reads rows alone.

    Raises:
        NothingSelectedError: none matches, or not each of the ids is there.
    """
    letters = await PostgresDeadLetters(session.sessions).select(selection)
    await require_all(session, selection, letters)
    chosen = sum(letter.messages for letter in letters)
    return DiscardRehearsal(chosen, await group_dead_letters(session.sessions, selection))
