"""What a person is shown before a replay or a discard, and what the job will be about."""

from dataclasses import dataclass, replace

from worker.dead_letters.discard import DiscardRehearsal, rehearse_discard
from worker.dead_letters.rehearsal import RehearsalReport, rehearse
from worker.dead_letters.session import DeadLetterSession
from worker.domain.value_objects.dead_letter_selection import Selection
from worker.infra.db.repositories.dead_letter_pages import count_letters

MOST_REHEARSED = 5_000
"""So many letters, the oldest, take part in a dry run that a person waits for."""


@dataclass(frozen=True, slots=True)
class ReplayShown:
    """`selection` takes in nothing that dies later; `report` is about the first `rehearsed`."""

    selection: Selection
    messages: int
    report: RehearsalReport


@dataclass(frozen=True, slots=True)
class DiscardShown:
    """The same; `rehearsal` is about all of them."""

    selection: Selection
    messages: int
    rehearsal: DiscardRehearsal


async def show_replay(session: DeadLetterSession, selection: Selection) -> ReplayShown:
    """Freezes the choice, and rehearses it.

    Raises:
        NothingSelectedError: none matches, or not each of the ids is there.
    """
    frozen, messages = await _freeze(session, selection)
    limit = min(selection.limit or MOST_REHEARSED, MOST_REHEARSED)
    return ReplayShown(frozen, messages, await rehearse(session, replace(frozen, limit=limit)))


async def show_discard(session: DeadLetterSession, selection: Selection) -> DiscardShown:
    """Freezes the choice, and groups it.

    Raises:
        NothingSelectedError: none matches, or not each of the ids is there.
    """
    frozen, messages = await _freeze(session, selection)
    return DiscardShown(frozen, messages, await rehearse_discard(session, frozen))


async def _freeze(session: DeadLetterSession, selection: Selection) -> tuple[Selection, int]:
    messages, newest_row = await count_letters(session.sessions, selection)
    return replace(selection, newest_row=newest_row or 0), messages
