from collections.abc import Callable, Sequence

from worker.domain.ports.dead_letter_audit import DeadLetterAudit, SettledDeadLetter
from worker.domain.value_objects.dead_letter_state import DeadLetterState
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter
from worker.infra.messaging.dead_letters.resend import audited
from worker.infra.messaging.dead_letters.selective_drain import Acknowledge


class Discard:
    """Handles the letters of a drain: audited, and only then taken away; their rows keep them."""

    def __init__(self, audit: DeadLetterAudit, on_done: Callable[[int], None]) -> None:
        self._audit = audit
        self._on_done = on_done

    async def __call__(self, letters: Sequence[DeadLetter], acknowledge: Acknowledge) -> None:
        """Takes them out of the queue."""
        await self._audit.add([settled_as_discarded(letter) for letter in letters])
        await acknowledge(letters)
        self._on_done(len(letters))


def settled_as_discarded(letter: DeadLetter) -> SettledDeadLetter:
    """What the audit is told of a letter that was discarded."""
    return SettledDeadLetter(letter.key, DeadLetterState.DISCARDED, audited(letter))
