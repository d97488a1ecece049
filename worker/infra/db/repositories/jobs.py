"""Replays and discards as jobs: what was asked for, how far each is, and what failed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Select, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from worker.domain.value_objects.job import JobKind, JobState
from worker.infra.db.arrays import as_parameters, columns_of, rows_of, table_of
from worker.infra.db.engine import Sessions
from worker.infra.db.models import JobLetterModel, JobModel
from worker.infra.db.repositories.dead_letters import SelectedDeadLetter

_AT_ONCE = 1_000
_CHOSEN = (
    *("position", "key", "content_key", "handle", "source", "type", "code"),
    *("replays", "is_vanished"),
)
_COLUMNS = columns_of(JobLetterModel, _CHOSEN)
_chosen = rows_of("chosen", _COLUMNS)


@dataclass(frozen=True, slots=True)
class Job:
    """A replay or a discard, as the last commit left it.

    `choice` and `options` are what was asked for, `report` holds the result of a canary. `process`
    is the `host:pid` that ran it last, None before the first. `why_stopped` is empty unless the job
    ended early, or is about to. `fetched_at` is when its discarded letters were written to a file.
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
    letters: Sequence[SelectedDeadLetter],
    *,
    choice: Mapping[str, Any],
    options: Mapping[str, Any],
    started_by: str,
) -> int:
    """Writes a job and its letters, one for each copy, in the order in which they are given.

    The caller has the claim, so that no other job can be created meanwhile.
    """
    copies = [letter for letter in letters for _ in range(letter.messages)]
    new = insert(JobModel).values(
        kind=kind, choice=choice, options=options, started_by=started_by, chosen=len(copies)
    )
    async with connection.begin():
        job_id: int = (await connection.execute(new.returning(JobModel.id))).scalar_one()
        add = insert(table_of(JobLetterModel)).from_select(
            ["job_id", *_CHOSEN], select(literal(job_id, BigInteger), *_chosen.c)
        )
        for start in range(0, len(copies), _AT_ONCE):
            rows = [
                (
                    *(start + number, letter.key, letter.content_key, letter.handle),
                    *(letter.source, letter.type, letter.code, letter.replays, letter.is_vanished),
                )
                for number, letter in enumerate(copies[start : start + _AT_ONCE], start=1)
            ]
            await connection.execute(add, as_parameters(_COLUMNS, zip(*rows, strict=True)))
    return job_id


def _job(job_id: int, kind: str, *rest: Any) -> Job:  # noqa: ANN401 - a row of `_JOB`
    choice, options, started_by, chosen, done, state, *others = rest
    return Job(
        job_id, JobKind(kind), choice, options, started_by, chosen, done, JobState(state), *others
    )
