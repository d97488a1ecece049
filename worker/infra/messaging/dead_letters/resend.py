"""Sends dead letters to the main queue: announced, confirmed, audited, and only then taken away."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from worker.domain.ports.dead_letter_audit import AuditedMessage, DeadLetterAudit, SettledDeadLetter
from worker.domain.value_objects.dead_letter_state import DeadLetterState
from worker.infra.messaging.amqp.confirming_publisher import ConfirmingPublisher
from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter
from worker.infra.messaging.dead_letters.selective_drain import Acknowledge


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What goes to the main queue for a dead letter; `sent_as` is the id of an edit."""

    letter: DeadLetter
    message: Message
    sent_as: str | None = None


class Resend:
    """Handles the letters of a drain; killed at any moment, it leaves none in no queue."""

    def __init__(
        self,
        publisher: ConfirmingPublisher,
        audit: DeadLetterAudit,
        prepare: Callable[[DeadLetter], Outgoing],
        on_done: Callable[[Sequence[Outgoing]], None],
    ) -> None:
        self._publisher = publisher
        self._audit = audit
        self._prepare = prepare
        self._on_done = on_done

    async def __call__(self, letters: Sequence[DeadLetter], acknowledge: Acknowledge) -> None:
        """Where some cannot be sent, the others are finished before the error is raised."""
        outgoing = [self._prepare(letter) for letter in letters]
        await self._audit.announce([letter.key for letter in letters])
        errors = await asyncio.gather(*map(self._send, outgoing), return_exceptions=True)
        sent = [item for item, error in zip(outgoing, errors, strict=True) if error is None]
        if sent:
            await self._audit.add([settled_as_sent(item) for item in sent])
            await acknowledge([item.letter for item in sent])
            self._on_done(sent)
        for error in errors:
            if error is not None:
                raise error

    async def _send(self, item: Outgoing) -> None:
        message = item.message
        await self._publisher.publish(message.body, message.properties, message.routing_key)


def settled_as_sent(item: Outgoing) -> SettledDeadLetter:
    """What the audit is told of a letter that was sent."""
    state = DeadLetterState.REPLACED if item.sent_as else DeadLetterState.REPLAYED
    return SettledDeadLetter(item.letter.key, state, audited(item.letter, item.sent_as))


def audited(letter: DeadLetter, sent_as: str | None = None) -> AuditedMessage:
    """How the audit names a dead letter."""
    return AuditedMessage(letter.source, letter.handle, letter.code, sent_as)
