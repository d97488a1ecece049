from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from worker.dead_letters.known_names import refuse_unknown_names
from worker.dead_letters.session import DeadLetterSession
from worker.domain.value_objects.dead_letter_selection import Selection
from worker.domain.value_objects.group_note import GroupNote
from worker.infra.db.repositories.awaited_cars import PostgresAwaitedCars
from worker.infra.db.repositories.dead_letter_groups import DeadLetterGroup, group_dead_letters
from worker.infra.db.repositories.dead_letter_notes import Group, PostgresDeadLetterNotes
from worker.infra.db.repositories.dead_letter_summaries import (
    DeadLetterSummary,
    summarize_dead_letters,
)
from worker.infra.db.repositories.dead_letters import PostgresDeadLetters
from worker.infra.messaging.events.wire_events import CREATION_TYPE

L = TypeVar("L")


@dataclass(frozen=True, slots=True)
class Listing(Generic[L]):
    """The selected dead letters, or their groups.

    `total` and `vanished` count all dead letters, and those among them that are in no queue.
    `muted` counts those in muted groups. `notes` are those of listed groups, by code and type.
    `awaited` counts cars that something waits for because their creation is a dead letter, by its
    error code.
    """

    listed: Sequence[L]
    total: int
    vanished: int
    muted: int
    notes: Mapping[Group, GroupNote]
    awaited: Mapping[str, int]


async def list_groups(session: DeadLetterSession, selection: Selection) -> Listing[DeadLetterGroup]:
    """The groups by error code and type, largest first."""
    return await _list(session, selection, await group_dead_letters(session.sessions, selection))


async def list_letters(
    session: DeadLetterSession, selection: Selection
) -> Listing[DeadLetterSummary]:
    """Each for itself, oldest first."""
    found = await summarize_dead_letters(session.sessions, selection)
    return await _list(session, selection, found)


async def _list(
    session: DeadLetterSession, selection: Selection, listed: Sequence[L]
) -> Listing[L]:
    if not listed:
        await refuse_unknown_names(session, selection)
    counts = await PostgresDeadLetters(session.sessions).count()
    notes = await PostgresDeadLetterNotes(session.sessions).all()
    awaited = await PostgresAwaitedCars(session.sessions).count_dead_creations(CREATION_TYPE)
    return Listing(listed, counts.total, counts.vanished, counts.muted, notes, awaited)
