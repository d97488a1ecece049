from collections.abc import Callable, Sequence

from worker.domain.ports.dead_letter_audit import DeadLetterAudit
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter
from worker.infra.messaging.dead_letters.replayed import replayed
from worker.infra.messaging.dead_letters.resend import Outgoing, Resend, settled_as_sent
from worker.infra.messaging.dead_letters.selected_keys import SelectedKeys
from worker.infra.messaging.dead_letters.selective_drain import Acknowledge


class Once:
    """Handles the letters of a drain: those that were sent already are not sent again."""

    def __init__(
        self,
        resend: Resend,
        audit: DeadLetterAudit,
        sent: Sequence[bytes],
        on_done: Callable[[Sequence[Outgoing]], None],
    ) -> None:
        self._resend = resend
        self._audit = audit
        self._sent = SelectedKeys(sent)
        self._on_done = on_done

    async def __call__(self, letters: Sequence[DeadLetter], acknowledge: Acknowledge) -> None:
        """Audits and takes away those that were sent, and sends the others."""
        known = [letter for letter in letters if self._sent.take(letter.key)]
        if known:
            items = [Outgoing(letter, replayed(letter)) for letter in known]
            await self._audit.add([settled_as_sent(item) for item in items])
            await acknowledge(known)
            self._on_done(items)
        others = [letter for letter in letters if letter not in known]
        if others:
            await self._resend(others, acknowledge)
