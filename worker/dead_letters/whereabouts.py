"""Where a message is: recorded, waiting for a retry, or dead."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from worker.dead_letters.session import DeadLetterSession
from worker.infra.db.repositories.dead_letter_audit_log import (
    AuditEntry,
    PostgresDeadLetterAuditLog,
)
from worker.infra.db.repositories.recorded_messages import (
    PostgresRecordedMessages,
    RecordedMessage,
)
from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter, read_dead_letter
from worker.infra.messaging.dead_letters.errors import QueueMissingError
from worker.infra.messaging.names import DEAD_LETTER_QUEUE, MAIN_QUEUE
from worker.infra.messaging.topology import queue_specs


@dataclass(frozen=True, slots=True)
class QueuedLetter:
    """A message that failed, and the queue that it is in: a retry queue or the dead letters."""

    queue: str
    letter: DeadLetter

    @property
    def is_dead(self) -> bool:
        """False for one that waits for a retry."""
        return self.queue == DEAD_LETTER_QUEUE


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """All that is known of the messages of one id, whoever sent them."""

    recorded: Sequence[RecordedMessage]
    queued: Sequence[QueuedLetter]
    audits: Sequence[AuditEntry]


async def find_message(session: DeadLetterSession, message_id: str) -> Whereabouts:
    """Asks the database, and browses the retry queues and the dead letters."""
    recorded = await PostgresRecordedMessages(session.sessions).find_by_id(message_id)
    audits = await PostgresDeadLetterAuditLog(session.sessions).about(message_id)
    return Whereabouts(recorded, await _find_queued(session, message_id), audits)


async def _find_queued(session: DeadLetterSession, message_id: str) -> list[QueuedLetter]:
    """Leaves the main queue out: browsing it would cost workers.

    A message that was delivered three times is suspected of killing workers.
    """
    queued: list[QueuedLetter] = []
    for spec in queue_specs(session.settings.worker_retry_delays):

        def visit(message: Message, queue: str = spec.name) -> None:
            letter = read_dead_letter(message)
            if letter.handle == message_id:
                queued.append(QueuedLetter(queue, letter))

        if spec.name != MAIN_QUEUE:
            with suppress(QueueMissingError):
                await session.browse(visit, spec)
    return queued
