"""The audit of what is done in one transaction, or only looked at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, insert
from sqlalchemy.ext.asyncio import AsyncSession

from worker.domain.ports.dead_letter_audit import AuditedMessage
from worker.infra.db.models import DeadLetterAuditMessageModel, DeadLetterAuditModel
from worker.infra.db.repositories.dead_letter_audit import DONE


@dataclass(frozen=True, slots=True)
class AuditedPerson:
    """Who does something: a person, and the process as `host:pid`."""

    person: str
    process: str


async def audit_done(
    session: AsyncSession,
    command: str,
    by: AuditedPerson,
    choice: Mapping[str, Any],
    messages: Sequence[AuditedMessage] = (),
) -> None:
    """Adds a row for the command, and one for each message, to the transaction that does it."""
    begun = await session.execute(
        insert(DeadLetterAuditModel)
        .values(
            command=command,
            started_by=by.person,
            process=by.process,
            choice=choice,
            chosen=len(messages),
            done=len(messages),
            status=DONE,
            finished_at=func.now(),
        )
        .returning(DeadLetterAuditModel.id)
    )
    audit_id = begun.scalar_one()
    rows = [
        {
            "audit_id": audit_id,
            "position": position,
            "source": message.source,
            "message_id": message.message_id,
            "code": message.code,
            "sent_as": message.sent_as,
        }
        for position, message in enumerate(messages, start=1)
    ]
    if rows:
        await session.execute(insert(DeadLetterAuditMessageModel), rows)
