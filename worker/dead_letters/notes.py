"""Notes on groups of dead letters: who has it, why, where to read on, and whether it may alert."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from worker.dead_letters.frozen_selection import refuse_nothing
from worker.dead_letters.session import DeadLetterSession
from worker.domain.value_objects.dead_letter_selection import Selection
from worker.domain.value_objects.group_note import GroupNote
from worker.infra.db.repositories.dead_letter_groups import group_dead_letters
from worker.infra.db.repositories.dead_letter_notes import Group, PostgresDeadLetterNotes
from worker.infra.printable import printable


@dataclass(frozen=True, slots=True)
class NoteChange:
    """What is new of a note: None keeps what is there, an empty text takes it away.

    `muted_until` is an instant, or a length from now; `unmute` ends a mute.
    """

    owner: str | None = None
    text: str | None = None
    ticket: str | None = None
    muted_until: datetime | timedelta | None = None
    unmute: bool = False

    def as_values(self) -> Mapping[str, object]:
        """The columns to write."""
        texts = {"owner": self.owner, "text": self.text, "ticket": self.ticket}
        values: dict[str, object] = {
            name: printable(text.strip()) or None
            for name, text in texts.items()
            if text is not None
        }
        if self.unmute or self.muted_until is not None:
            values["muted_until"] = self.muted_until
        return values


async def read_notes(session: DeadLetterSession) -> Mapping[Group, GroupNote]:
    """By error code and type."""
    return await PostgresDeadLetterNotes(session.sessions).all()


async def write_note(
    session: DeadLetterSession, selection: Selection, change: NoteChange
) -> list[Group]:
    """Writes it to each selected group; returns these.

    Raises:
        NothingSelectedError: no dead letter is selected.
        UnknownNameError: none can have this code, or this type.
    """
    groups = await _groups(session, selection)
    await PostgresDeadLetterNotes(session.sessions).write(
        groups, change.as_values(), person=session.by, process=session.process
    )
    return groups


async def clear_notes(session: DeadLetterSession, selection: Selection) -> list[Group]:
    """Takes away all that was noted of the selected groups; returns these."""
    noted = await read_notes(session)
    groups = [
        (code, type_)
        for code, type_ in noted
        if selection.code in (None, code) and selection.type in (None, type_)
    ]
    await PostgresDeadLetterNotes(session.sessions).clear(
        groups, person=session.by, process=session.process
    )
    return groups


async def _groups(session: DeadLetterSession, selection: Selection) -> list[Group]:
    found = await group_dead_letters(session.sessions, selection)
    if not found:
        await refuse_nothing(session, selection)
    return [(group.code, group.type) for group in found]
