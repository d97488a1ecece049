"""What every command on dead letters has at hand: the servers, and its turn to look."""

import getpass
import os
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import typer
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from worker.infra.db.advisory_locks import AdvisoryLock
from worker.infra.db.engine import Sessions, create_command_engine, create_sessions
from worker.infra.db.schema import check_revision, read_revision
from worker.infra.db.session_locks import find_holder, hold_lock, try_lock
from worker.infra.messaging.amqp.tolerant_properties import tolerate_undecodable_properties
from worker.infra.messaging.dead_letters.browsing import (
    DEAD_LETTERS,
    Visit,
    browse,
    count_dead_letters,
)
from worker.infra.messaging.dead_letters.errors import DeadLettersError
from worker.infra.messaging.topology import QueueSpec
from worker.settings import Settings, read_settings

SESSION_SETTINGS = {"lock_timeout": "10min", "statement_timeout": "11min"}
"""A look waits for its turn behind another look, which may take a minute, or two."""

LONGEST_NAME_BYTES = 63  # what PostgreSQL keeps of an application_name


@dataclass(frozen=True, slots=True)
class Desk:
    """One command at work; `connection` is a session of its own, for locks and audit."""

    settings: Settings
    engine: AsyncEngine
    sessions: Sessions
    connection: AsyncConnection

    @property
    def rabbitmq_url(self) -> str:
        """Where the broker is."""
        return self.settings.rabbitmq_url.get_secret_value()

    def turn(self) -> AbstractAsyncContextManager[None]:
        """Looks take turns: two at once would each see only a part of the messages."""
        return hold_lock(self.connection, AdvisoryLock.LOOKING_AT_DEAD_LETTERS, _say_waiting)

    async def look(self, look: Visit, spec: QueueSpec = DEAD_LETTERS) -> int:
        """Shows all messages of a queue; returns how many there were."""
        async with self.turn():
            return await browse(self.rabbitmq_url, spec, look)

    async def count_dead_letters(self) -> int:
        """How many lie in the queue now and are in nobody's hands."""
        return await count_dead_letters(self.rabbitmq_url)

    @property
    def retry_seconds(self) -> float:
        """How long a message may be on its way through all retry queues."""
        return sum(delay.milliseconds for delay in self.settings.worker_retry_delays) / 1000

    async def claim(self) -> None:
        """Makes this the one command that may change dead letters, until it ends.

        Raises:
            DeadLettersError: another one is at it; the message says who.
        """
        lock = AdvisoryLock.CHANGING_DEAD_LETTERS
        if not await try_lock(self.connection, lock):
            holder = await find_holder(self.connection, lock)
            name, since = (
                ("somebody", "")
                if holder is None
                else (holder.name, f" since {holder.since:%Y-%m-%d %H:%M:%SZ}")
            )
            raise DeadLettersError(
                f"{name} has been changing the dead letters{since}: wait for its end; "
                "nothing was changed"
            )


@asynccontextmanager
async def open_desk(command: str, by: str | None = None) -> AsyncIterator[Desk]:
    """Connects to the database, whose sessions then tell others who is at work."""
    tolerate_undecodable_properties()
    settings = read_settings()
    engine = create_command_engine(
        settings.database_url.get_secret_value(),
        {**SESSION_SETTINGS, "application_name": _session_name(command, by)},
        pool_size=3,
    )
    try:
        check_revision(await read_revision(engine))
        async with engine.connect() as connection:
            yield Desk(settings, engine, create_sessions(engine), connection)
    finally:
        await engine.dispose()


def user_name() -> str:
    """Who gave the command, if nothing else was said."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run as a user without a name
        return f"uid-{os.getuid()}"


def process_name() -> str:
    """Where a command runs: `host:pid`."""
    return f"{socket.gethostname()}:{os.getpid()}"


def _session_name(command: str, by: str | None) -> str:
    name = f"dlq {command} by {by or user_name()} on {process_name()}"
    return name.encode("ascii", "replace")[:LONGEST_NAME_BYTES].decode()


def _say_waiting() -> None:
    typer.echo("waiting: another command is looking at the dead letters", err=True)
