"""What replay, discard and import share: the claim, the audit, progress, and how they stop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from worker.dead_letters.change_report import CanaryResult, ChangeReport
from worker.dead_letters.errors import ChangeFailedError
from worker.dead_letters.progress import Progress
from worker.domain.ports.unit_of_work import StoreUnavailableError
from worker.errors import explain
from worker.infra.db.repositories import dead_letter_audit as audits
from worker.infra.db.repositories.dead_letter_audit import PostgresDeadLetterAudit

STOPPED_BY_SIGNAL = "stopped by a signal"


@dataclass(slots=True)
class Change:
    """A change under way; its caller sets `stop`, its operation `why_stopped`, to end it early."""

    verb: str
    selected: int
    audit: PostgresDeadLetterAudit
    progress: Progress
    stop: asyncio.Event
    why_stopped: str = ""
    is_left: bool = False
    """Whether another process goes on with it."""
    canary: CanaryResult | None = None
    edited: int | None = None
    not_in_queue: int | None = None

    def advance(self, count: int) -> None:
        """So many more are done."""
        self.progress.advanced(count)

    def report(self) -> ChangeReport:
        """How far it has come."""
        return ChangeReport(
            audit_id=self.audit.id,
            verb=self.verb,
            selected=self.selected,
            done=self.audit.done,
            why_stopped=self.why_stopped,
            canary=self.canary,
            edited=self.edited,
            not_in_queue=self.not_in_queue,
        )

    async def finish(self) -> None:
        """Notes in the audit whether all was done."""
        if self.is_left:
            return
        if self.stop.is_set():
            self.why_stopped = self.why_stopped or STOPPED_BY_SIGNAL
        elif self.audit.done < self.selected and not self.why_stopped:
            self.why_stopped = "the others are no longer there, or somebody else holds them"
        status = audits.STOPPED if self.why_stopped else audits.DONE
        await self.audit.finish(status, self.why_stopped)

    async def fail(self, error: Exception) -> bool:
        """Notes in the audit why it failed; False if nobody foresaw such an error."""
        explained = explain(error)
        self.why_stopped = explained.line if explained else type(error).__name__
        try:
            await self.audit.finish(audits.FAILED, self.why_stopped)
        except (SQLAlchemyError, OSError, StoreUnavailableError):  # the database is what failed
            self.is_left = True
        return explained is not None


@asynccontextmanager
async def open_change(
    verb: str,
    audit: PostgresDeadLetterAudit,
    selected: int,
    progress: Progress,
    stop: asyncio.Event,
) -> AsyncIterator[Change]:
    """Keeps the audit of a change up to its end.

    Raises:
        ChangeFailedError: it failed; the report says why, and how far it came.
    """
    change = Change(verb, selected, audit, progress, stop)
    try:
        progress.started(verb, selected)
        yield change
    except Exception as error:
        if change.is_left:
            raise
        if await change.fail(error):
            raise ChangeFailedError(change.report(), is_noted=not change.is_left) from error
        raise
    await change.finish()
