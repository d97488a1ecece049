"""Reads who changed which dead letters, when, and how far it came."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from worker.dead_letters.errors import AuditNotFoundError
from worker.dead_letters.session import DeadLetterSession
from worker.domain.ports.dead_letter_audit import AuditedMessage
from worker.infra.db.repositories.dead_letter_audit import KILLED, RUNNING
from worker.infra.db.repositories.dead_letter_audit_log import (
    AuditEntry,
    PostgresDeadLetterAuditLog,
)
from worker.infra.db.repositories.jobs import PostgresJobs


@dataclass(frozen=True, slots=True)
class AuditedChange:
    """A change, and each message that it dealt with, in its order."""

    entry: AuditEntry
    messages: Sequence[AuditedMessage]


async def read_newest(
    session: DeadLetterSession, limit: int, *, before: int | None = None, looks: bool = True
) -> list[AuditEntry]:
    """The newest changes first: those before an id, and who looked only if wanted."""
    log = PostgresDeadLetterAuditLog(session.sessions)
    entries = await log.newest(limit, before=before, looks=looks)
    return await _with_killed(session, entries)


async def read_change(session: DeadLetterSession, audit_id: int) -> AuditedChange:
    """One change.

    Raises:
        AuditNotFoundError: there is none with this id.
    """
    log = PostgresDeadLetterAuditLog(session.sessions)
    entry = await log.get(audit_id)
    if entry is None:
        raise AuditNotFoundError(audit_id)
    [entry] = await _with_killed(session, [entry])
    return AuditedChange(entry, await log.messages(audit_id))


async def _with_killed(
    session: DeadLetterSession, entries: Sequence[AuditEntry]
) -> list[AuditEntry]:
    """A command that was killed could not say so: nobody has the claim, and it is no job."""
    if await session.is_claimed():
        return [*entries]
    job = await PostgresJobs(session.sessions).unended()
    resumed = None if job is None else job.audit_id
    return [
        replace(entry, status=KILLED) if entry.status == RUNNING and entry.id != resumed else entry
        for entry in entries
    ]
