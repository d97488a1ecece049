"""Where a message is: recorded, waiting for a retry, or dead."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from worker.dead_letters.session import DeadLetterSession
from worker.domain.value_objects.dead_letter_selection import Selection
from worker.infra.db.repositories.dead_letter_audit_log import (
    AuditEntry,
    PostgresDeadLetterAuditLog,
)
from worker.infra.db.repositories.dead_letters import PostgresDeadLetters
from worker.infra.db.repositories.recorded_messages import (
    PostgresRecordedMessages,
    RecordedMessage,
)
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter, read_dead_letter
from worker.infra.messaging.dead_letters.errors import QueueMissingError
from worker.infra.messaging.dead_letters.records import to_letter
from worker.infra.messaging.names import DEAD_LETTER_QUEUE, MAIN_QUEUE
from worker.infra.messaging.topology import queue_specs

MOST_DEAD = 100
"""So many dead letters of one id are read: a publisher may give the same to every event."""


@dataclass(frozen=True, slots=True)
class QueuedLetter:
    """A message that failed, and the queue that it is in: a retry queue or the dead letters."""

    queue: str
    letter: DeadLetter
    is_vanished: bool = False

    @property
    def is_dead(self) -> bool:
        """False for one that waits for a retry."""
        return self.queue == DEAD_LETTER_QUEUE


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """All that is known of the messages of one id, whoever sent them.

    With `has_more_dead`, `queued` has the oldest `MOST_DEAD` dead letters, and there are more.
    """

    recorded: Sequence[RecordedMessage]
    queued: Sequence[QueuedLetter]
    has_more_dead: bool
    audits: Sequence[AuditEntry]


async def find_message(session: DeadLetterSession, message_id: str) -> Whereabouts:
    """Asks the database, and browses the retry queues."""
    recorded = await PostgresRecordedMessages(session.sessions).find_by_id(message_id)
    audits = await PostgresDeadLetterAuditLog(session.sessions).about(message_id)
    waiting = await _find_waiting(session, message_id)
    dead = await _find_dead(session, message_id)
    has_more_dead = len(dead) > MOST_DEAD
    return Whereabouts(recorded, [*dead[:MOST_DEAD], *waiting], has_more_dead, audits)


async def _find_dead(session: DeadLetterSession, message_id: str) -> list[QueuedLetter]:
    selection = Selection(ids=(message_id,), limit=MOST_DEAD + 1)
    letters = PostgresDeadLetters(session.sessions).stream(selection)
    return [
        QueuedLetter(DEAD_LETTER_QUEUE, to_letter(stored.record), is_vanished=stored.is_vanished)
        async for stored in letters
    ]


async def _find_waiting(session: DeadLetterSession, message_id: str) -> list[QueuedLetter]:
    """Leaves the main queue out: browsing it would cost workers.

    A message that was delivered three times is suspected of killing workers.
    """
    waiting: list[QueuedLetter] = []
    for spec in queue_specs(session.settings.worker_retry_delays):
        if spec.name not in {MAIN_QUEUE, DEAD_LETTER_QUEUE}:
            with suppress(QueueMissingError):
                async for messages in session.browse(spec):
                    letters = map(read_dead_letter, messages)
                    waiting += [
                        QueuedLetter(spec.name, letter)
                        for letter in letters
                        if letter.handle == message_id
                    ]
    return waiting
