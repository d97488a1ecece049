"""Messages that runners were done with just before they died, and that are in the queue again."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

from worker.dead_letters.change import Change
from worker.dead_letters.session import DeadLetterSession
from worker.domain.ports.dead_letter_audit import SettledDeadLetter
from worker.domain.value_objects.job import JobKind, JobStep
from worker.infra.db.repositories.job_audit import PostgresJobAudit
from worker.infra.db.repositories.jobs import Job
from worker.infra.messaging.amqp.confirming_publisher import (
    BrokerUnavailableError,
    UnpublishableError,
)
from worker.infra.messaging.amqp.connection import BROKER_ERRORS
from worker.infra.messaging.dead_letters.browsing import count_dead_letters
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter
from worker.infra.messaging.dead_letters.discard import settled_as_discarded
from worker.infra.messaging.dead_letters.errors import DeadLettersError, QueueMissingError
from worker.infra.messaging.dead_letters.our_queue import RABBITMQ_LOST, naming_rabbitmq
from worker.infra.messaging.dead_letters.rate_limit import RateLimit
from worker.infra.messaging.dead_letters.replayed import replayed
from worker.infra.messaging.dead_letters.resend import Outgoing, settled_as_sent
from worker.infra.messaging.dead_letters.selected_keys import SelectedKeys
from worker.infra.messaging.dead_letters.selective_drain import Acknowledge, SelectiveDrain


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What earlier runners were done with shortly before their end: their acks may be lost."""

    session: DeadLetterSession
    kind: JobKind
    audit: PostgresJobAudit
    keys: Sequence[bytes]

    @classmethod
    async def of(cls, session: DeadLetterSession, job: Job, audit: PostgresJobAudit) -> "Leftovers":
        """Those of a job; none at its first run."""
        within = timedelta(seconds=session.durations.acks_in_doubt)
        keys = [] if job.process is None else await audit.doubt_last_acks(within)
        return cls(session, job.kind, audit, keys)

    @asynccontextmanager
    async def taken_away(self, change: Change) -> AsyncIterator[None]:
        """At the end of a job, also of one whose messages RabbitMQ refuses.

        Not after other failures: a look into the queue may be what killed its runners, and
        another process may have the job.
        """
        try:
            yield
        except RABBITMQ_LOST:
            raise
        except (BrokerUnavailableError, UnpublishableError):
            with suppress(DeadLettersError, *BROKER_ERRORS):
                await self._take_away()
            raise
        if not change.is_left:
            with suppress(*(RABBITMQ_LOST if change.stop.is_set() else ())):
                await self._take_away()

    async def _take_away(self) -> None:
        """Removes from the queue what is there of them."""
        session = self.session

        async def settle(letters: Sequence[DeadLetter], acknowledge: Acknowledge) -> None:
            await self.audit.settle_again([self._settled(letter) for letter in letters])
            await acknowledge(letters)

        if not self.keys:
            return
        with naming_rabbitmq():
            count = await count_dead_letters(session.rabbitmq_url, session.durations)
        if not count:
            return
        await self.audit.tell(JobStep.LEFTOVERS)
        drain = SelectiveDrain(
            *(session.rabbitmq_url, session.turn, RateLimit(None), asyncio.Event()),
            session.durations,
        )
        with suppress(QueueMissingError):
            await drain.run(SelectedKeys(self.keys), settle)

    def _settled(self, letter: DeadLetter) -> SettledDeadLetter:
        if self.kind is JobKind.DISCARD:
            return settled_as_discarded(letter)
        return settled_as_sent(Outgoing(letter, replayed(letter)))
