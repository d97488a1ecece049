"""One operator command at work on the dead letters: the servers, and its turn to browse."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from worker.dead_letters.errors import ClaimedError, PooledError
from worker.infra.db.advisory_locks import AdvisoryLock
from worker.infra.db.engine import Sessions, create_command_engine, create_sessions
from worker.infra.db.own_session import is_own_session
from worker.infra.db.repositories.jobs import PostgresJobs
from worker.infra.db.repositories.swept_dead_letters import PostgresSweptDeadLetters
from worker.infra.db.schema import check_revision, read_revision
from worker.infra.db.servers import SINCE_POSTGRESQL_17
from worker.infra.db.session_locks import find_holder, hold_lock, is_held, try_lock
from worker.infra.durations import Durations
from worker.infra.messaging.amqp.confirming_publisher import ConfirmingPublisher
from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.amqp.tolerant_properties import tolerate_undecodable_properties
from worker.infra.messaging.dead_letters.browsing import browse
from worker.infra.messaging.dead_letters.sweep import SweepReport, sweep
from worker.infra.messaging.names import WORKER_EXCHANGE
from worker.infra.messaging.topology import QueueSpec
from worker.infra.printable import printable
from worker.infra.process_name import process_name, user_name
from worker.settings import Settings

STATEMENT_BOUND = 1.1
"""`statement_timeout` as a multiple of `lock_timeout`, which gives the better message."""

LONGEST_NAME_BYTES = 63  # what PostgreSQL keeps of an application_name


@dataclass(frozen=True, slots=True)
class DeadLetterSession:
    """Open connections; `connection` is one of its own for locks and audit.

    `by` is who gave the command, `process` where it runs: `host:pid`.
    """

    settings: Settings
    durations: Durations
    sessions: Sessions
    connection: AsyncConnection
    by: str
    process: str
    on_wait: Callable[[], None]

    @property
    def rabbitmq_url(self) -> str:
        """Where the broker is."""
        return self.settings.current_rabbitmq_url()

    @property
    def retry_seconds(self) -> float:
        """How long a message may be on its way through all retry queues."""
        return sum(delay.milliseconds for delay in self.settings.worker_retry_delays) / 1000

    def turn(self) -> AbstractAsyncContextManager[None]:
        """Waits for the turn to browse: two at once would each see only a part of the messages."""
        return hold_lock(self.connection, AdvisoryLock.LOOKING_AT_DEAD_LETTERS, self.on_wait)

    async def browse(self, spec: QueueSpec) -> AsyncGenerator[list[Message], None]:
        """The messages of a queue, some at a time."""
        async with (
            self.turn(),
            aclosing(browse(self.rabbitmq_url, spec, self.durations)) as arrivals,
        ):
            async for messages in arrivals:
                yield messages

    async def sweep(self) -> SweepReport:
        """Brings the rows up to date with the queue; costs nothing if they seem to be."""
        grace = timedelta(seconds=self.durations.sweep_grace)
        async with self.turn():
            records = PostgresSweptDeadLetters(self.sessions, grace)
            return await sweep(self.rabbitmq_url, records, self.durations)

    async def claim(self) -> None:
        """Makes this the one command that may change dead letters, until the session closes.

        Raises:
            ClaimedError: another one has the claim, or a job has not ended; the error names it.
        """
        jobs, loop = PostgresJobs(self.sessions), asyncio.get_running_loop()
        until = loop.time() + self.durations.claim_release
        while not await self.try_claim():
            holder = await find_holder(self.connection, AdvisoryLock.CHANGING_DEAD_LETTERS)
            job, is_late = await jobs.unended(), loop.time() > until
            if holder is not None and (job is not None or is_late):
                raise ClaimedError(holder.name, holder.since, None if job is None else job.id)
            if is_late:
                raise ClaimedError("somebody", None)
            await asyncio.sleep(self.durations.job_poll)
        job = await jobs.unended()
        if job is not None:
            holder_name = f"dlq {job.kind} by {job.started_by}"
            raise ClaimedError(holder_name, job.started_at or job.created_at, job.id)

    async def try_claim(self) -> bool:
        """The same for the runner of a job; False if somebody else has the claim."""
        return await try_lock(self.connection, AdvisoryLock.CHANGING_DEAD_LETTERS)

    async def is_claimed(self) -> bool:
        """Tells whether any command changes dead letters now."""
        return await is_held(self.sessions, AdvisoryLock.CHANGING_DEAD_LETTERS)

    @asynccontextmanager
    async def open_publisher(self) -> AsyncIterator[ConfirmingPublisher]:
        """Publishes to the main queue."""
        publisher = ConfirmingPublisher(
            self.settings.current_rabbitmq_url,
            exchange=WORKER_EXCHANGE,
            name="inventory-worker-replay",
            durations=self.durations,
        )
        try:
            yield publisher
        finally:
            await publisher.close()


@asynccontextmanager
async def open_session(
    settings: Settings,
    command: str,
    *,
    by: str | None,
    durations: Durations,
    on_wait: Callable[[], None],
) -> AsyncIterator[DeadLetterSession]:
    """Connects to the database under a name that tells others who is at work.

    `by` is None for the user of this process; `on_wait` is called when another command browses.

    Raises:
        PooledError: its locks would be those of other clients as well.
    """
    tolerate_undecodable_properties()
    by, process = by or user_name(), process_name()
    name = f"dlq {command} by {by} on {process}".encode("ascii", "replace")
    lock_timeout = timedelta(seconds=durations.browse_turn)
    engine = create_command_engine(
        settings.current_database_url,
        {
            "lock_timeout": f"{durations.browse_turn:g}s",
            "statement_timeout": f"{durations.browse_turn * STATEMENT_BOUND:g}s",
            "application_name": name[:LONGEST_NAME_BYTES].decode(),
            SINCE_POSTGRESQL_17: "0",  # a role's own would end a long turn, and the claim with it
        },
        pool_size=3,
    )
    try:
        check_revision(await read_revision(engine))
        async with engine.connect() as connection:
            if not await is_own_session(connection, lock_timeout):
                raise PooledError
            sessions = create_sessions(engine)
            by = printable(by)
            yield DeadLetterSession(settings, durations, sessions, connection, by, process, on_wait)
    finally:
        await engine.dispose()
