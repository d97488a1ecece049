from collections.abc import Callable, Sequence

from worker.domain.ports.dead_letter_audit import DeadLetterAudit, SettledDeadLetter
from worker.domain.value_objects.dead_letter_state import DeadLetterState
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter
from worker.infra.messaging.dead_letters.dead_letter_file import DeadLetterWriter
from worker.infra.messaging.dead_letters.resend import audited
from worker.infra.messaging.dead_letters.selective_drain import Acknowledge


class Discard:
    """Handles the letters of a drain: on disk, then audited, and only then taken away."""

    def __init__(
        self, file: DeadLetterWriter, audit: DeadLetterAudit, on_done: Callable[[int], None]
    ) -> None:
        self._file = file
        self._audit = audit
        self._on_done = on_done

    async def __call__(self, letters: Sequence[DeadLetter], acknowledge: Acknowledge) -> None:
        """Writes them to the file and takes them out of the queue."""
        self._file.write(letters)
        await self._audit.add([_settled(letter) for letter in letters])
        await acknowledge(letters)
        self._on_done(len(letters))


def _settled(letter: DeadLetter) -> SettledDeadLetter:
    return SettledDeadLetter(letter.key, DeadLetterState.DISCARDED, audited(letter))
