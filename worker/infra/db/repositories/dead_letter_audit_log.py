"""Reads what was done to dead letters."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select

from worker.domain.ports.dead_letter_audit import AuditedMessage
from worker.infra.db.engine import Sessions
from worker.infra.db.models import DeadLetterAuditMessageModel, DeadLetterAuditModel

FIRST_IDS = 10
"""So many ids are read with each command; `messages` reads all of one."""

LOOK, FETCH = "look", "fetch"
"""The commands of somebody who opened a dead letter, or a file of them, and changed nothing."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A command: who gave it, when, on what choice, how far it came, and the first of its ids."""

    id: int
    command: str
    started_by: str
    process: str
    choice: dict[str, Any]
    chosen: int
    done: int
    status: str
    detail: str
    started_at: datetime
    finished_at: datetime | None
    first_ids: list[str]


_FIRST_IDS = func.array(
    select(DeadLetterAuditMessageModel.message_id)
    .where(
        DeadLetterAuditMessageModel.audit_id == DeadLetterAuditModel.id,
        DeadLetterAuditMessageModel.position <= FIRST_IDS,
    )
    .order_by(DeadLetterAuditMessageModel.position)
    .scalar_subquery()
)
_COLUMNS = (
    *(getattr(DeadLetterAuditModel, name) for name in AuditEntry.__slots__ if name != "first_ids"),
    _FIRST_IDS,
)


class PostgresDeadLetterAuditLog:
    """The audit as the last commit left it."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def newest(
        self, limit: int, *, before: int | None = None, looks: bool = True
    ) -> list[AuditEntry]:
        """The newest commands first: those before an id, and `looks` only if wanted."""
        query = select(*_COLUMNS).order_by(DeadLetterAuditModel.id.desc()).limit(limit)
        if before is not None:
            query = query.where(DeadLetterAuditModel.id < before)
        if not looks:
            query = query.where(DeadLetterAuditModel.command.not_in((LOOK, FETCH)))
        return await self._read(query)

    async def get(self, audit_id: int) -> AuditEntry | None:
        """One command."""
        found = await self._read(select(*_COLUMNS).where(DeadLetterAuditModel.id == audit_id))
        return found[0] if found else None

    async def about(self, message_id: str) -> list[AuditEntry]:
        """The commands that dealt with a message, oldest first."""
        row = DeadLetterAuditMessageModel
        concerned = select(row.audit_id).where(
            (row.message_id == message_id) | (row.sent_as == message_id)
        )
        return await self._read(
            select(*_COLUMNS)
            .where(DeadLetterAuditModel.id.in_(concerned))
            .order_by(DeadLetterAuditModel.id)
        )

    async def messages(self, audit_id: int) -> Sequence[AuditedMessage]:
        """What a command dealt with, in its order."""
        row = DeadLetterAuditMessageModel
        query = (
            select(row.source, row.message_id, row.code, row.sent_as)
            .where(row.audit_id == audit_id)
            .order_by(row.position)
        )
        async with self._sessions() as session:
            return [AuditedMessage(*found) for found in await session.execute(query)]

    async def _read(self, query: Select[Any]) -> list[AuditEntry]:
        async with self._sessions() as session:
            return [AuditEntry(*row) for row in await session.execute(query)]
