"""The dead letters of a job."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select, true, union_all

from worker.domain.value_objects.dead_letter_state import OPEN
from worker.domain.value_objects.job import JobLetterState
from worker.infra.db.arrays import table_of
from worker.infra.db.engine import Sessions
from worker.infra.db.models import JobLetterModel, JobModel
from worker.infra.db.repositories.dead_letter_conditions import DEAD_LETTERS
from worker.infra.db.repositories.dead_letters import RECORD_COLUMNS, StoredDeadLetter, stored

JOB_LETTERS = table_of(JobLetterModel)
_row = JOB_LETTERS.c
_dead = DEAD_LETTERS.c
_CREATED_AT = (
    select(JobModel.created_at)
    .where(JobModel.id == _row.job_id)
    .correlate(JOB_LETTERS)
    .scalar_subquery()
)
_AGAIN = (
    select(_dead.code, _dead.detail)
    .where(
        _dead.content_key == _row.content_key,
        _dead.replays > _row.replays,
        _dead.recorded_at > _CREATED_AT,
        _dead.state.in_(OPEN),
    )
    .order_by(_dead.replays.desc())
    .limit(1)
    .lateral("again")
)
"""What a letter is now that was replayed and failed again.

By state: an index of what is open would be read for each letter, with all that was open before.
"""


@dataclass(frozen=True, slots=True)
class JobLetter:
    """A dead letter of a job that is not done; `position` counts from 1."""

    position: int
    key: bytes
    type: str
    is_vanished: bool
    state: JobLetterState


@dataclass(frozen=True, slots=True)
class FailedLetter:
    """A dead letter of a job that was not dealt with, or that is dead again after its replay.

    `id` is its handle; `code` and `reason` are those of the letter that it is now.
    """

    position: int
    id: str
    source: str
    code: str
    reason: str


class PostgresJobLetters:
    """Those of one job."""

    def __init__(self, sessions: Sessions, job_id: int) -> None:
        self._sessions = sessions
        self._is_ours = _row.job_id == job_id

    async def undone(self) -> list[JobLetter]:
        """Those that a runner has to deal with, in their order."""
        states = (JobLetterState.WAITING, JobLetterState.SENDING)
        query = (
            select(_row.position, _row.key, _row.type, _row.is_vanished, _row.state)
            .where(self._is_ours, _row.state.in_(states))
            .order_by(_row.position)
        )
        async with self._sessions() as session:
            rows = await session.execute(query)
            return [JobLetter(*row[:-1], JobLetterState(row.state)) for row in rows]

    async def failed(self, limit: int) -> Sequence[FailedLetter]:
        """The first that were not dealt with, or are dead again."""
        columns = (_row.position, _row.handle, _row.source)
        left = select(*columns, _row.code, _row.reason).where(
            self._is_ours, _row.state == JobLetterState.FAILED
        )
        dead_again = (
            select(*columns, _AGAIN.c.code, _AGAIN.c.detail)
            .select_from(JOB_LETTERS.join(_AGAIN, true()))
            .where(self._is_ours, _row.state == JobLetterState.DONE)
        )
        query = union_all(left, dead_again).order_by(_row.position.name).limit(limit)
        async with self._sessions() as session:
            return [FailedLetter(*row) for row in await session.execute(query)]

    async def stream_done(self) -> AsyncIterator[StoredDeadLetter]:
        """Those that are done, in their order, each copy for itself."""
        query = (
            select(*RECORD_COLUMNS)
            .join(JOB_LETTERS, _row.key == DEAD_LETTERS.c.key)
            .where(self._is_ours, _row.state == JobLetterState.DONE)
            .order_by(_row.position)
            .execution_options(yield_per=200)
        )
        async with self._sessions() as session:
            async for row in await session.stream(query):
                yield stored(row)

    async def read_first(self, count: int) -> list[StoredDeadLetter]:
        """The records of the first so many, whatever became of them."""
        return await self._records(_row.position <= count)

    async def read_in(self, state: JobLetterState) -> list[StoredDeadLetter]:
        """The records of those in this state."""
        return await self._records(_row.state == state)

    async def _records(self, which: ColumnElement[bool]) -> list[StoredDeadLetter]:
        query = (
            select(*RECORD_COLUMNS)
            .join(JOB_LETTERS, _row.key == DEAD_LETTERS.c.key)
            .where(self._is_ours, which)
            .order_by(_row.position)
        )
        async with self._sessions() as session:
            return [stored(row) for row in await session.execute(query)]
