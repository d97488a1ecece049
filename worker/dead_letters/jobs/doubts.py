"""Finds out which letters a runner sent that died before it could note so."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from aio_pika.abc import AbstractConnection

from worker.dead_letters.jobs.sent import as_sent
from worker.dead_letters.jobs.task import JobTask
from worker.dead_letters.session import DeadLetterSession
from worker.domain.value_objects.job import JobLetterState, JobStep
from worker.infra.db.repositories.dead_letters import PostgresDeadLetters
from worker.infra.db.repositories.recorded_messages import PostgresRecordedMessages
from worker.infra.db.repositories.workers import PostgresWorkers
from worker.infra.messaging.amqp.connection import closing_is_an_error
from worker.infra.messaging.dead_letters.errors import QueueMissingError
from worker.infra.messaging.dead_letters.our_queue import connect, is_empty
from worker.infra.messaging.dead_letters.outcome_watch import OutcomeWatch
from worker.infra.messaging.dead_letters.records import to_letter
from worker.infra.messaging.names import DEAD_LETTER_QUEUE, MAIN_QUEUE
from worker.infra.messaging.topology import queue_specs

NOT_KNOWN = (
    "its runner died while it sent this one, and the main queue never ran empty since: "
    "not known whether it was sent"
)


@dataclass(frozen=True, slots=True)
class Doubts:
    """Keys of letters that were sent, and positions of those that are given up."""

    sent: Sequence[bytes] = ()
    given_up: frozenset[int] = frozenset()


async def settle_doubts(task: JobTask) -> Doubts:
    """Waits until each has an outcome, or none can come any more: then it was not sent.

    Where that cannot be told, because messages keep waiting in the main queue, a letter is given
    up: to send it might be to send it twice. It stays a dead letter.
    """
    doubtful = [letter for letter in task.undone if letter.state is JobLetterState.SENDING]
    if not doubtful or task.change.stop.is_set():
        return Doubts()
    await task.audit.tell(JobStep.ASKING)
    quiet = _Quiet(task.session, task.change.stop)
    sent = await _find_sent(task, quiet)
    if task.change.stop.is_set():
        return Doubts()
    others = [letter for letter in doubtful if letter.key not in sent]
    known = [letter.key for letter in doubtful if letter.key in sent]
    if quiet.is_certain:
        await task.audit.unannounce(others)
        return Doubts(known)
    await task.audit.give_up(others, NOT_KNOWN)
    return Doubts(known, frozenset(letter.position for letter in others))


async def _find_sent(task: JobTask, quiet: "_Quiet") -> set[bytes]:
    """The keys of those that have an outcome."""
    sessions, durations = task.session.sessions, task.session.durations
    stored = await task.letters.read_in(JobLetterState.SENDING)
    letters = [to_letter(each.record) for each in stored]
    watch = OutcomeWatch(
        PostgresRecordedMessages(sessions).find,
        partial(PostgresDeadLetters(sessions).find_replayed_again, since=task.job.created_at),
        patience=float("inf"),
        poll=durations.outcome_poll,
        stop=quiet.is_over,
    )
    waiting = asyncio.create_task(quiet.wait())
    try:
        outcomes = await watch.wait(map(as_sent, letters))
    finally:
        if not waiting.done():
            waiting.cancel()
        await asyncio.wait([waiting])
    if not waiting.cancelled():
        waiting.result()
    unknown = {item.content_key for item in outcomes.unknown}
    return {letter.key for letter in letters if letter.content_key not in unknown}


class _Quiet:
    """Waits until a message that was sent long ago must have had its outcome."""

    def __init__(self, session: DeadLetterSession, stop: asyncio.Event) -> None:
        self._session = session
        self._stop = stop
        self._workers = PostgresWorkers(session.sessions, session.durations.worker_silent)
        self.is_over = asyncio.Event()
        self.is_certain = False

    async def wait(self) -> None:
        """Sets `is_over`; `is_certain` tells whether what has no outcome then was never sent."""
        session = self._session
        try:
            async with (
                closing_is_an_error(),
                connect(session.rabbitmq_url, session.durations) as connection,
            ):
                if await self._holds(lambda: self._is_empty(connection), 0.0):
                    quiet = session.durations.queues_quiet
                    await self._holds(lambda: self._is_nothing_on_its_way(connection), quiet)
                    self.is_certain = True
        finally:
            self.is_over.set()

    async def _holds(self, condition: Callable[[], Awaitable[bool]], seconds: float) -> bool:
        """Whether it holds for so long, before every message must have had its outcome."""
        durations, loop = self._session.durations, asyncio.get_running_loop()
        until = loop.time() + self._session.retry_seconds + durations.outcome_patience
        since = None
        while loop.time() < until and not self._stop.is_set():
            since = (since or loop.time()) if await condition() else None
            if since is not None and loop.time() - since >= seconds:
                return True
            with suppress(TimeoutError):
                async with asyncio.timeout(durations.job_poll):
                    await self._stop.wait()
        return False

    async def _is_empty(self, connection: AbstractConnection, queue: str = MAIN_QUEUE) -> bool:
        """False also for a queue that does not answer."""
        try:
            return await is_empty(connection, queue, self._session.durations)
        except QueueMissingError:
            return True
        except TimeoutError:
            return False

    async def _is_nothing_on_its_way(self, connection: AbstractConnection) -> bool:
        """Neither in the main queue, nor in a retry queue, nor in the hands of a worker."""
        for spec in queue_specs(self._session.settings.worker_retry_delays):
            if spec.name != DEAD_LETTER_QUEUE and not await self._is_empty(connection, spec.name):
                return False
        return not await self._workers.in_flight()
