"""What the runner of a job writes: the audit of its command, and how far the job is."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Self

from sqlalchemy import ARRAY, ColumnElement, Integer, and_, case, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from worker.domain.ports.dead_letter_audit import SettledDeadLetter
from worker.domain.ports.unit_of_work import StoreUnavailableError
from worker.domain.value_objects.job import JobLetterState, JobState, JobStep
from worker.infra.db.models import DeadLetterAuditModel, JobModel
from worker.infra.db.repositories.dead_letter_audit import (
    RUNNING,
    PostgresDeadLetterAudit,
    begin_audit,
    note_killed,
)
from worker.infra.db.repositories.job_letters import JOB_LETTERS, JobLetter
from worker.infra.db.repositories.jobs import Job
from worker.infra.db.repositories.settled_dead_letters import settle

UNKNOWN = "not known whether it was sent"


class ClaimLostError(StoreUnavailableError):
    """The session that had the claim is gone, and another process may run the job."""

    def __init__(self) -> None:
        super().__init__("PostgreSQL: the session that ran the job is gone")


class PostgresJobAudit(PostgresDeadLetterAudit):
    """The rows of one job and of its audit, on the connection that has the claim."""

    def __init__(
        self,
        connection: AsyncConnection,
        audit_id: int,
        job: Job,
        undone: Iterable[JobLetter],
        backend: int,
    ) -> None:
        super().__init__(connection, audit_id)
        self._backend = backend
        self.done = job.done
        self._job_id = job.id
        self._waiting: dict[bytes, list[int]] = {}
        self._announced: dict[bytes, list[int]] = {}
        for letter in undone:
            self._waiting.setdefault(letter.key, []).append(letter.position)

    @classmethod
    async def take(
        cls, connection: AsyncConnection, job: Job, process: str, undone: Iterable[JobLetter]
    ) -> Self:
        """Notes that this process runs the job; a resumed one goes on with its audit."""
        async with connection.begin():
            audit_id = job.audit_id
            if audit_id is None:
                audit_id = await begin_audit(
                    connection,
                    command=job.kind,
                    started_by=job.started_by,
                    process=process,
                    choice=job.choice,
                    chosen=job.chosen,
                )
            else:
                await note_killed(connection)
                resumed = update(DeadLetterAuditModel).where(DeadLetterAuditModel.id == audit_id)
                await connection.execute(resumed.values(status=RUNNING, process=process))
            is_waiting = JobModel.state == JobState.WAITING
            await connection.execute(
                update(JobModel)
                .where(JobModel.id == job.id)
                .values(
                    state=case((is_waiting, JobState.RUNNING), else_=JobModel.state),
                    process=process,
                    audit_id=audit_id,
                    step="",
                    runs_in_vain=JobModel.runs_in_vain + 1,
                    started_at=func.coalesce(JobModel.started_at, func.now()),
                )
            )
            backend = await _backend_of(connection)
        return cls(connection, audit_id, job, undone, backend)

    @override
    async def announce(self, letters: Sequence[bytes]) -> None:
        positions = []
        for key in letters:
            position = _take(self._waiting, key)
            self._announced.setdefault(key, []).append(position)
            positions.append(position)
        async with self._connection.begin():
            await self._move(positions, state=JobLetterState.SENDING)

    async def unannounce(self, letters: Iterable[JobLetter]) -> None:
        """These were never sent."""
        async with self._connection.begin():
            await self._move([letter.position for letter in letters], state=JobLetterState.WAITING)

    async def give_up(self, letters: Iterable[JobLetter], reason: str) -> None:
        """Nothing more will be done about these."""
        positions = [letter.position for letter in letters]
        async with self._connection.begin():
            await self._move(positions, state=JobLetterState.FAILED, reason=reason)
            await self._update_job(runs_in_vain=0)

    async def give_up_rest(self, reason: str) -> None:
        """Nothing more will be done about those that are still to be dealt with."""
        async with self._connection.begin():
            await self._connection.execute(
                update(JOB_LETTERS)
                .where(self._is_ours(), JOB_LETTERS.c.state == JobLetterState.WAITING)
                .values(state=JobLetterState.FAILED, reason=reason)
            )

    async def doubt_last_acks(self, within: timedelta) -> list[bytes]:
        """Notes that acks of an earlier runner may be lost: those of so shortly before its end.

        Returns:
            The keys of all letters of which that was ever noted.
        """
        row = JOB_LETTERS.c
        is_done = and_(self._is_ours(), row.state == JobLetterState.DONE)
        last = select(func.max(row.done_at)).where(is_done).scalar_subquery()
        doubtful = select(row.key).where(self._is_ours(), row.is_ack_doubtful)
        async with self._connection.begin():
            await self._connection.execute(
                update(JOB_LETTERS)
                .where(is_done, row.done_at >= last - within)
                .values(is_ack_doubtful=True)
            )
            return list((await self._connection.execute(doubtful)).scalars())

    async def settle_again(self, letters: Sequence[SettledDeadLetter]) -> None:
        """Settles letters that were done: a sweep may have found them in the queue meanwhile."""
        async with self._connection.begin():
            await settle(self._connection, letters)

    async def report(self, document: Mapping[str, Any]) -> None:
        """Notes what its canary found, so that whoever resumes the job need not ask again."""
        async with self._connection.begin():
            await self._update_job(report=document, runs_in_vain=0)

    async def tell(self, step: JobStep) -> None:
        """Notes what is done now, until the next letters are done."""
        async with self._connection.begin():
            await self._update_job(step=step)

    async def leave(self) -> None:
        """Another process goes on with it; this one did not die."""
        async with self._connection.begin():
            await self._update_job(runs_in_vain=0)

    async def wait_for_rabbitmq(self) -> None:
        """This run came to nothing for a reason that has nothing to do with the job."""
        others = func.greatest(JobModel.runs_in_vain - 1, 0)
        async with self._connection.begin():
            await self._update_job(step=JobStep.WAITING, runs_in_vain=others)

    def _is_ours(self) -> ColumnElement[bool]:
        return JOB_LETTERS.c.job_id == self._job_id

    @override
    async def _note_done(self, keys: Sequence[bytes]) -> None:
        positions = [
            _take(self._announced if key in self._announced else self._waiting, key) for key in keys
        ]
        await self._move(positions, state=JobLetterState.DONE, done_at=func.now())
        await self._update_job(done=self.done + len(keys), step="", runs_in_vain=0)

    @override
    async def _note_end(self, status: str, detail: str) -> None:
        """SQLAlchemy replaces a lost connection, after the error that told of its loss."""
        if await _backend_of(self._connection) != self._backend:
            raise ClaimLostError
        await self._connection.execute(
            update(JOB_LETTERS)
            .where(self._is_ours(), JOB_LETTERS.c.state == JobLetterState.SENDING)
            .values(state=JobLetterState.FAILED, reason=": ".join(filter(None, (UNKNOWN, detail))))
        )
        await self._update_job(state=status, why_stopped=detail, step="", ended_at=func.now())

    async def _move(self, positions: Sequence[int], **values: object) -> None:
        row = JOB_LETTERS.c
        await self._connection.execute(
            update(JOB_LETTERS)
            .where(self._is_ours(), row.position == func.any(literal(positions, ARRAY(Integer))))
            .values(**values)
        )

    async def _update_job(self, **values: object) -> None:
        await self._connection.execute(
            update(JobModel).where(JobModel.id == self._job_id).values(**values)
        )


async def _backend_of(connection: AsyncConnection) -> int:
    backend: int = (await connection.execute(select(func.pg_backend_pid()))).scalar_one()
    return backend


def _take(positions: dict[bytes, list[int]], key: bytes) -> int:
    """One of the positions of a key."""
    of_key = positions[key]
    position = of_key.pop()
    if not of_key:
        del positions[key]
    return position
