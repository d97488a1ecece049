"""Notes what a command is about when it starts, so that what arrives later is not touched."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn

from worker.dead_letters.known_names import refuse_unknown_names
from worker.dead_letters.session import DeadLetterSession
from worker.domain.value_objects.dead_letter_selection import Selection
from worker.infra.db.repositories.dead_letters import PostgresDeadLetters, SelectedDeadLetter
from worker.infra.messaging.dead_letters.errors import NothingSelectedError
from worker.infra.messaging.events.wire_events import EVENT_TYPES, CarCreatedV1
from worker.infra.one_line import listed
from worker.infra.printable import printable

MOST_TOLD = 10
"""So many missing ids are told."""


@dataclass(slots=True)
class FrozenSelection:
    """Keys of the selected dead letters, one for each copy; those in `vanished` are in no queue.

    Creations are kept apart: sent first, they are there when the rest asks for their cars.
    """

    creations: list[bytes] = field(default_factory=list)
    others: list[bytes] = field(default_factory=list)
    vanished: set[bytes] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self.creations) + len(self.others)

    @property
    def keys(self) -> list[bytes]:
        """Creations first."""
        return self.creations + self.others

    def add(self, letter: SelectedDeadLetter) -> None:
        """Adds a letter, as often as it is there."""
        keys = self.creations if is_creation(letter.type) else self.others
        keys += [letter.key] * letter.messages
        if letter.is_vanished:
            self.vanished.add(letter.key)


async def require_all(
    session: DeadLetterSession, selection: Selection, letters: Sequence[SelectedDeadLetter]
) -> None:
    """Checks that something was selected.

    Raises:
        NothingSelectedError: none matches, or not each of the ids is there.
        UnknownNameError: none can match.
    """
    if missing := set(selection.ids).difference(letter.handle for letter in letters):
        names = listed(sorted(missing), MOST_TOLD)
        raise NothingSelectedError(f"no dead letter has the id {names}; nothing was changed")
    if not letters:
        await refuse_nothing(session, selection)


async def refuse_nothing(session: DeadLetterSession, selection: Selection) -> NoReturn:
    """For a selection that matches nothing.

    Raises:
        NothingSelectedError: whatever it is.
        UnknownNameError: nothing can match.
    """
    await refuse_unknown_names(session, selection)
    counts = await PostgresDeadLetters(session.sessions).count()
    raise NothingSelectedError(
        f"none of the {counts.total} dead letters is chosen; nothing was changed"
    )


def is_creation(type_: str) -> bool:
    """Tells whether other messages may wait for the car that this one creates."""
    return EVENT_TYPES.get(type_) is CarCreatedV1


def as_document(selection: Selection) -> dict[str, Any]:
    """What was asked for, in the JSON of the audit."""
    asked = {name: getattr(selection, name) for name in Selection.__slots__}
    told = {name: _plain(value) for name, value in asked.items() if value not in {None, ()}}
    return told or {"all": True}


def _plain(value: object) -> object:
    match value:
        case tuple():
            return [_plain(item) for item in value]
        case datetime():
            return value.isoformat()
        case str():
            return printable(value)
        case _:
            return value
