"""What an import will send, known and checked before anything is changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from worker.domain.value_objects.message_identity import MessageIdentity
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter
from worker.infra.messaging.dead_letters.dead_letter_file import (
    DeadLetterFile,
    DeadLetterLine,
    InvalidLineError,
)
from worker.infra.messaging.dead_letters.editing import Edit, edited, root_of
from worker.infra.messaging.dead_letters.replayed import replayed
from worker.infra.messaging.dead_letters.resend import Outgoing
from worker.infra.messaging.events.decoding import Decoder
from worker.infra.messaging.events.invalid_message import InvalidMessageError


@dataclass(frozen=True, slots=True)
class PlannedEdit:
    """An edit: its line, the message that it replaces, and its own identity."""

    number: int
    replaces: MessageIdentity
    becomes: MessageIdentity


@dataclass(slots=True)
class ImportPlan:
    """Which line stands for which message, by the content of the message."""

    file: DeadLetterFile
    decoder: Decoder
    positions: dict[bytes, int] = field(default_factory=dict)
    edits: dict[bytes, PlannedEdit] = field(default_factory=dict)
    _numbers: dict[bytes, int] = field(default_factory=dict)

    def add(self, number: int, position: int, line: DeadLetterLine) -> None:
        """Plans a line.

        Raises:
            InvalidLineError: it would fail again, or contradicts another line.
        """
        key = line.letter.content_key
        planned = None if line.edit is None else self._plan(number, line.letter, line.edit)
        first = self._numbers.setdefault(key, number)
        if first != number and _id_of(planned) != _id_of(self.edits.get(key)):
            raise InvalidLineError(f"line {number} says otherwise than line {first} of one message")
        self.positions[key] = position
        if planned is not None:
            self.edits[key] = planned

    def prepare(self, letter: DeadLetter) -> Outgoing:
        """What goes to the main queue for a dead letter of the plan."""
        edit = self.file.read(self.positions[letter.content_key]).edit
        if edit is None:
            return Outgoing(letter, replayed(letter))
        message = edited(letter, edit, self.decoder)
        return Outgoing(letter, message, message.properties.message_id)

    def refused(self, recorded: Mapping[MessageIdentity, bytes]) -> PlannedEdit | None:
        """The first edit whose original, or another edit of it, was applied meanwhile."""
        for edit in self.edits.values():
            if edit.replaces in recorded and edit.becomes not in recorded:
                return edit
        return None

    def _plan(self, number: int, letter: DeadLetter, edit: Edit) -> PlannedEdit:
        try:
            root, message = root_of(letter), edited(letter, edit, self.decoder)
            return PlannedEdit(number, root, self.decoder.decode(message).identity)
        except InvalidMessageError as invalid:
            failure = invalid.failure
            raise InvalidLineError(f"line {number}: {failure.detail} ({failure.code})") from None
        except ValueError as invalid:
            raise InvalidLineError(f"line {number} {invalid}") from None


def plan_import(file: DeadLetterFile, decoder: Decoder) -> ImportPlan:
    """Reads the whole file.

    Raises:
        InvalidLineError: a line is wrong; then nothing of the file is imported.
    """
    plan = ImportPlan(file, decoder)
    for number, position, line in file.scan():
        plan.add(number, position, line)
    if not plan.positions:
        raise InvalidLineError("the file holds no dead letter")
    return plan


def _id_of(planned: PlannedEdit | None) -> MessageIdentity | None:
    return None if planned is None else planned.becomes
