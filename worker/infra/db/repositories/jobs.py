"""Replays and discards as jobs: what was asked for, how far each is, and what failed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Executable,
    Select,
    case,
    func,
    insert,
    literal,
    select,
    true,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from worker.domain.value_objects.dead_letter_selection import Selection
from worker.domain.value_objects.dead_letter_state import DeadLetterState
from worker.domain.value_objects.job import JobKind, JobState
from worker.infra.db.arrays import row_count, table_of
from worker.infra.db.engine import Sessions
from worker.infra.db.models import JobLetterModel, JobModel
from worker.infra.db.repositories.dead_letter_conditions import DEAD_LETTERS, conditions_of

_COPIED = ("key", "content_key", "handle", "source", "type", "code", "replays")
"""What a letter of a job has from the record of its dead letter."""


@dataclass(frozen=True, slots=True)
class Job:
    """A replay or a discard, as the last commit left it.

    `choice` and `options` are what was asked for, `report` holds the result of a canary. `process`
    is the `host:pid` that ran it last, None before the first. `why_stopped` is empty unless the job
    ended early, or is about to. `step` is a `JobStep`, empty while there is none to tell of;
    `runs_in_vain` counts the runs that began since its last progress. `fetched_at` is when its
    discarded letters were written to a file.
    """

    id: int
    kind: JobKind
    choice: Mapping[str, Any]
    options: Mapping[str, Any]
    started_by: str
    chosen: int
    done: int
    state: JobState
    why_stopped: str
    report: Mapping[str, Any]
    step: str
    runs_in_vain: int
    process: str | None
    audit_id: int | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    fetched_at: datetime | None

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will be done."""
        return self.ended_at is not None

    @property
    def lacks_file(self) -> bool:
        """Whether it discarded letters that nobody has in a file yet."""
        is_over = self.kind is JobKind.DISCARD and self.has_ended and self.done > 0
        return is_over and self.fetched_at is None


_JOB = tuple(getattr(JobModel, name) for name in Job.__slots__)
_is_open = JobModel.ended_at.is_(None)


class PostgresJobs:
    """The jobs; each call is a transaction."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def get(self, job_id: int) -> Job | None:
        """One job."""
        return await self._first(select(*_JOB).where(JobModel.id == job_id))

    async def unended(self) -> Job | None:
        """The one that waits, runs, or lost its runner."""
        return await self._first(select(*_JOB).where(_is_open))

    async def newest(self, limit: int) -> list[Job]:
        """The newest first."""
        return await self._read(select(*_JOB).order_by(JobModel.id.desc()).limit(limit))

    async def without_file(self) -> list[Job]:
        """Discards whose letters nobody has in a file yet, the newest first."""
        lacks_file = (
            JobModel.kind == JobKind.DISCARD,
            ~_is_open,
            JobModel.fetched_at.is_(None),
            JobModel.done > 0,
        )
        return await self._read(select(*_JOB).where(*lacks_file).order_by(JobModel.id.desc()))

    async def cancel(self, job_id: int, why: str) -> None:
        """Asks its runner to end it; nothing if it has ended. The first reason stays."""
        cancel = (
            update(JobModel)
            .where(JobModel.id == job_id, _is_open, JobModel.state != JobState.CANCELLING)
            .values(state=JobState.CANCELLING, why_stopped=why)
        )
        async with self._sessions.begin() as session:
            await session.execute(cancel)

    async def note_fetched(self, job_id: int) -> None:
        """The letters that it discarded are in a file."""
        fetched = update(JobModel).where(JobModel.id == job_id).values(fetched_at=func.now())
        async with self._sessions.begin() as session:
            await session.execute(fetched)

    async def _first(self, query: Select[Any]) -> Job | None:
        return next(iter(await self._read(query)), None)

    async def _read(self, query: Select[Any]) -> list[Job]:
        async with self._sessions() as session:
            return [_job(*row) for row in await session.execute(query)]


async def create_job(
    connection: AsyncConnection,
    kind: JobKind,
    selection: Selection,
    first: str,
    *,
    choice: Mapping[str, Any],
    options: Mapping[str, Any],
    started_by: str,
) -> int | None:
    """Writes a job and its letters, one for each copy: those of type `first`, then the others.

    Returns:
        None if no letter matches; then there is no job either.

    The caller has the claim, so that no other job can be created meanwhile.
    """
    new = insert(JobModel).values(
        kind=kind, choice=choice, options=options, started_by=started_by, chosen=0
    )
    async with connection.begin() as transaction:
        job_id: int = (await connection.execute(new.returning(JobModel.id))).scalar_one()
        chosen = row_count(await connection.execute(_choose(job_id, selection, first)))
        if not chosen:
            await transaction.rollback()
            return None
        await connection.execute(
            update(JobModel).where(JobModel.id == job_id).values(chosen=chosen)
        )
    return job_id


def _choose(job_id: int, selection: Selection, first: str) -> Executable:
    """Adds the letters in the database: 100,000 of them would take long to read and write."""
    letter = DEAD_LETTERS.c
    chosen = (
        select(letter.id, letter.copies, letter.state, *(letter[name] for name in _COPIED))
        .where(*conditions_of(selection))
        .order_by(letter.id)
        .limit(selection.limit)
        .subquery()
    )
    is_vanished = chosen.c.state == DeadLetterState.VANISHED
    messages = case((is_vanished, 1), else_=chosen.c.copies)  # as `SelectedDeadLetter.messages`
    copy = func.generate_series(1, messages).table_valued("number").render_derived().lateral()
    position = func.row_number().over(order_by=[chosen.c.type != first, chosen.c.id])
    rows = select(
        literal(job_id, BigInteger), position, is_vanished, *(chosen.c[name] for name in _COPIED)
    ).select_from(chosen.join(copy, true()))
    columns = ["job_id", "position", "is_vanished", *_COPIED]
    return (
        insert(table_of(JobLetterModel))
        .from_select(columns, rows)
        .execution_options(preserve_rowcount=True)
    )


def _job(job_id: int, kind: str, *rest: Any) -> Job:  # noqa: ANN401 - a row of `_JOB`
    choice, options, started_by, chosen, done, state, *others = rest
    return Job(
        job_id, JobKind(kind), choice, options, started_by, chosen, done, JobState(state), *others
    )
