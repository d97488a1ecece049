"""What all commands that change the dead letters share: audit, progress, Ctrl-C, the report."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy.exc import SQLAlchemyError

from worker.cli.dlq.desk import Desk, process_name, user_name
from worker.cli.failures import FAILED, explain
from worker.cli.output import print_json
from worker.infra.db.repositories import dead_letter_audit as audits
from worker.infra.db.repositories.dead_letter_audit import PostgresDeadLetterAudit
from worker.infra.messaging.dead_letters.errors import DeadLettersError
from worker.infra.printable import printable


@dataclass(slots=True)
class Change:
    """A command under way; whoever sets `why_stopped` ends it before all is done."""

    verb: str
    chosen: int
    audit: PostgresDeadLetterAudit
    progress: Progress
    stop: asyncio.Event
    why_stopped: str = ""
    aside: str = ""
    told: dict[str, Any] = field(default_factory=dict)

    def advance(self, count: int) -> None:
        """Moves the progress bar."""
        self.progress.advance(self.progress.task_ids[0], count)

    @property
    def how_far(self) -> str:
        """For a person: what is done, and what is not."""
        done, rest = self.audit.done, self.chosen - self.audit.done
        left = f"; {rest} are untouched" if rest else ""
        told = f"{self.verb} {done} of {self.chosen} dead letters{self.aside}{left}"
        return f"{told} (audit {self.audit.id})"


@asynccontextmanager
async def open_change(
    desk: Desk, command: str, verb: str, by: str | None, choice: Mapping[str, Any], chosen: int
) -> AsyncIterator[Change]:
    """Keeps the audit of a command from its beginning to its end, whatever the end.

    Raises:
        DeadLettersError: it failed; the message says why, and how far it came.
    """
    audit = await PostgresDeadLetterAudit.begin(
        desk.connection,
        command=command,
        started_by=printable(by or user_name()),
        process=process_name(),
        choice=choice,
        chosen=chosen,
    )
    with _progress(verb, chosen) as progress, _stop_on_signals() as stop:
        change = Change(verb, chosen, audit, progress, stop)
        try:
            yield change
        except Exception as error:
            explained = explain(error)
            reason = explained[0] if explained else type(error).__name__
            with suppress(SQLAlchemyError, OSError):  # perhaps the database is what failed
                await audit.finish(audits.FAILED, reason)
            if explained is None:
                raise
            raise DeadLettersError(f"{reason}; {change.how_far}") from error
        if stop.is_set():
            change.why_stopped = change.why_stopped or "stopped by a signal"
        elif audit.done < chosen and not change.why_stopped:
            change.why_stopped = "the others are no longer there, or somebody else holds them"
        await audit.finish(
            audits.STOPPED if change.why_stopped else audits.DONE, change.why_stopped
        )


def report(change: Change, *, as_json: bool) -> None:
    """Says what was done; a command that stopped before the end exits with 1."""
    if as_json:
        print_json(
            {
                "audit": change.audit.id,
                "chosen": change.chosen,
                "done": change.audit.done,
                "stopped": change.why_stopped or None,
                **change.told,
            }
        )
    else:
        stopped = f"{change.why_stopped}: " if change.why_stopped else ""
        typer.echo(f"{stopped}{change.how_far}", err=bool(stopped))
    if change.why_stopped:
        raise typer.Exit(FAILED)


@contextmanager
def _progress(verb: str, total: int) -> Iterator[Progress]:
    console = Console(stderr=True)
    columns = (TextColumn(verb), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        progress.add_task(verb, total=total)
        yield progress


@contextmanager
def _stop_on_signals() -> Iterator[asyncio.Event]:
    """The first Ctrl-C or SIGTERM asks to stop; a second Ctrl-C interrupts."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def ask() -> None:
        stop.set()
        loop.remove_signal_handler(signal.SIGINT)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ask)
    try:
        yield stop
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
