"""The audit of what commands do to dead letters, one row each, and one for each message."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from typing_extensions import override

from worker.domain.ports.dead_letter_audit import (
    AuditedMessage,
    DeadLetterAudit,
    SettledDeadLetter,
)
from worker.infra.db.models import DeadLetterAuditMessageModel, DeadLetterAuditModel
from worker.infra.db.repositories.settled_dead_letters import settle

RUNNING, DONE, STOPPED, FAILED, KILLED = "running", "done", "stopped", "failed", "killed"


class PostgresDeadLetterAudit(DeadLetterAudit):
    """The row of one command, on the connection that holds its lock."""

    def __init__(self, connection: AsyncConnection, audit_id: int) -> None:
        self._connection = connection
        self.id = audit_id
        self.done = 0

    @classmethod
    async def begin(
        cls,
        connection: AsyncConnection,
        *,
        command: str,
        started_by: str,
        process: str,
        choice: Mapping[str, Any],
        chosen: int,
    ) -> "PostgresDeadLetterAudit":
        """Writes the row."""
        async with connection.begin():
            audit_id = await begin_audit(
                connection,
                command=command,
                started_by=started_by,
                process=process,
                choice=choice,
                chosen=chosen,
            )
        return cls(connection, audit_id)

    @override
    async def announce(self, letters: Sequence[bytes]) -> None:
        """Nobody resumes what is no job, so nobody will ask."""

    @override
    async def add(self, letters: Sequence[SettledDeadLetter]) -> None:
        messages = [letter.message for letter in letters]
        rows = _rows(self.id, messages, after=self.done)
        async with self._connection.begin():
            await self._connection.execute(insert(DeadLetterAuditMessageModel), rows)
            await self._update(done=self.done + len(messages))
            await settle(self._connection, letters)
            await self._note_done([letter.key for letter in letters])
        self.done += len(messages)

    async def finish(self, status: str, detail: str = "") -> None:
        """Notes how the command ended."""
        async with self._connection.begin():
            await self._update(status=status, detail=detail, finished_at=func.now())
            await self._note_end(status, detail)

    async def _note_done(self, keys: Sequence[bytes]) -> None:
        """What else belongs to the transaction that settles letters."""

    async def _note_end(self, status: str, detail: str) -> None:
        """What else belongs to the transaction that ends the command."""

    async def _update(self, **values: object) -> None:
        row = update(DeadLetterAuditModel).where(DeadLetterAuditModel.id == self.id)
        await self._connection.execute(row.values(**values))


async def begin_audit(connection: AsyncConnection, **values: object) -> int:
    """Adds the row, and notes that those which still run were killed: the lock is ours."""
    await note_killed(connection)
    new = insert(DeadLetterAuditModel).values(**values).returning(DeadLetterAuditModel.id)
    audit_id: int = (await connection.execute(new)).scalar_one()
    return audit_id


async def note_killed(connection: AsyncConnection) -> None:
    """Those that still run were killed: the lock is ours."""
    await connection.execute(
        update(DeadLetterAuditModel)
        .where(DeadLetterAuditModel.status == RUNNING)
        .values(status=KILLED)
    )


async def add_done_audit(
    session: AsyncSession,
    *,
    command: str,
    started_by: str,
    process: str,
    choice: Mapping[str, Any],
    messages: Sequence[AuditedMessage],
) -> None:
    """Records a command that is done at once."""
    begun = await session.execute(
        insert(DeadLetterAuditModel)
        .values(
            command=command,
            started_by=started_by,
            process=process,
            choice=choice,
            chosen=len(messages),
            done=len(messages),
            status=DONE,
            finished_at=func.now(),
        )
        .returning(DeadLetterAuditModel.id)
    )
    if rows := _rows(begun.scalar_one(), messages, after=0):
        await session.execute(insert(DeadLetterAuditMessageModel), rows)


def _rows(
    audit_id: int, messages: Sequence[AuditedMessage], *, after: int
) -> list[dict[str, object]]:
    return [
        {
            "audit_id": audit_id,
            "position": position,
            "source": message.source,
            "message_id": message.message_id,
            "code": message.code,
            "sent_as": message.sent_as,
        }
        for position, message in enumerate(messages, start=after + 1)
    ]
