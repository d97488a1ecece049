from collections.abc import Callable, Sequence
from dataclasses import dataclass

from worker.dead_letters.errors import JobNotFoundError, NothingToFetchError
from worker.dead_letters.session import DeadLetterSession
from worker.domain.value_objects.job import JobKind
from worker.infra.db.repositories.job_letters import FailedLetter, PostgresJobLetters
from worker.infra.db.repositories.jobs import Job, PostgresJobs
from worker.infra.db.repositories.workers import PostgresWorkers
from worker.infra.messaging.dead_letters.dead_letter_line import to_line
from worker.infra.messaging.dead_letters.records import to_letter

MOST_FAILED = 1_000
"""So many failed letters are read."""

AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class JobDetails:
    """A job, and the first of its letters that failed.

    `is_run` tells whether a process runs it now, or a worker is there to take it.
    """

    job: Job
    is_run: bool
    failed: Sequence[FailedLetter]


async def get_job(session: DeadLetterSession, job_id: int) -> Job:
    """One job.

    Raises:
        JobNotFoundError: there is no such job.
    """
    job = await PostgresJobs(session.sessions).get(job_id)
    if job is None:
        raise JobNotFoundError(job_id)
    return job


async def read_job(session: DeadLetterSession, job_id: int) -> JobDetails:
    """One job with what failed: what could not be dealt with, and what is dead again.

    Raises:
        JobNotFoundError: there is no such job.
    """
    job = await get_job(session, job_id)
    failed = await PostgresJobLetters(session.sessions, job_id).failed(MOST_FAILED)
    is_run = not job.has_ended and (
        await session.is_claimed()
        or await PostgresWorkers(session.sessions, session.durations.worker_silent).may_host_jobs()
    )
    return JobDetails(job, is_run, failed)


async def pass_on_discarded(
    session: DeadLetterSession, job_id: int, write: Callable[[str], object]
) -> int:
    """Passes what a discard has taken out of the queue to `write`, some lines at a time.

    Its rows may be pruned once all is written.

    Raises:
        JobNotFoundError: there is no such job.
        NothingToFetchError: it is no discard, or has not ended.
    """
    job, count = await get_job(session, job_id), 0
    if job.kind is not JobKind.DISCARD:
        raise NothingToFetchError(job_id, f"is a {job.kind}: it has nothing for a file")
    if not job.has_ended:
        raise NothingToFetchError(job_id, "has not ended: its file is written then")
    lines: list[str] = []
    async for stored in PostgresJobLetters(session.sessions, job_id).stream_done():
        lines.append(f"{to_line(to_letter(stored.record))}\n")
        count += 1
        if len(lines) == AT_ONCE:
            write("".join(lines))
            lines.clear()
    write("".join(lines))
    await PostgresJobs(session.sessions).note_fetched(job_id)
    return count
