"""Opens a dead letter for a person, and records who looked."""

from collections.abc import Sequence
from dataclasses import dataclass

from worker.dead_letters.details import MOST_COPIES, Details, read_details
from worker.dead_letters.rehearsal import RehearsalReport, rehearse
from worker.dead_letters.session import DeadLetterSession
from worker.domain.ports.dead_letter_audit import AuditedMessage
from worker.domain.value_objects.dead_letter_selection import Selection
from worker.infra.db.repositories.dead_letter_audit import add_done_audit
from worker.infra.db.repositories.dead_letter_audit_log import (
    FETCH,
    LOOK,
    AuditEntry,
    PostgresDeadLetterAuditLog,
)


@dataclass(frozen=True, slots=True)
class OpenedLetter:
    """Copies of a dead letter, who dealt with it before, and what a replay of them would do now."""

    copies: Sequence[Details]
    audits: Sequence[AuditEntry]
    rehearsal: RehearsalReport


async def open_letter(session: DeadLetterSession, handle: str) -> OpenedLetter:
    """The look is recorded before anything of the letter is returned.

    Raises:
        NothingSelectedError: there is none.
    """
    copies = await read_details(session, handle)
    audits = await PostgresDeadLetterAuditLog(session.sessions).about(handle)
    await _record(session, copies)
    selection = Selection(ids=(handle,), limit=MOST_COPIES)
    return OpenedLetter(copies, audits, await rehearse(session, selection))


async def record_fetch(session: DeadLetterSession, job_id: int) -> None:
    """Somebody gets the file of a discard."""
    async with session.sessions.begin() as transaction:
        await add_done_audit(
            transaction,
            command=FETCH,
            started_by=session.by,
            process=session.process,
            choice={"job": job_id},
            messages=[],
        )


async def _record(session: DeadLetterSession, copies: Sequence[Details]) -> None:
    letters = [details.letter for details in copies]
    async with session.sessions.begin() as transaction:
        await add_done_audit(
            transaction,
            command=LOOK,
            started_by=session.by,
            process=session.process,
            choice={"ids": [letters[0].handle]},
            messages=[AuditedMessage(each.source, each.handle, each.code) for each in letters],
        )
