"""Runs a job from where it is: from its beginning, or from where its last runner left it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from worker.dead_letters.change import Change, open_change
from worker.dead_letters.errors import ChangeFailedError, JobBrokeOffError, JobInVainError
from worker.dead_letters.jobs.discard import run_discard
from worker.dead_letters.jobs.leftovers import Leftovers
from worker.dead_letters.jobs.replay import run_replay
from worker.dead_letters.jobs.report import VERBS
from worker.dead_letters.jobs.task import JobTask
from worker.dead_letters.progress import Unwatched
from worker.dead_letters.session import DeadLetterSession, open_session
from worker.domain.value_objects.job import JobKind, JobState
from worker.errors import explain
from worker.infra.db.errors import DATABASE_ERRORS
from worker.infra.db.repositories.job_audit import ClaimLostError, PostgresJobAudit
from worker.infra.db.repositories.job_letters import PostgresJobLetters
from worker.infra.db.repositories.jobs import Job, PostgresJobs
from worker.infra.durations import Durations
from worker.infra.messaging.amqp.connection import closing_is_an_error
from worker.infra.messaging.dead_letters.errors import NoAnswerError
from worker.infra.messaging.dead_letters.our_queue import RABBITMQ_LOST
from worker.settings import Settings

RUNS = {JobKind.REPLAY: run_replay, JobKind.DISCARD: run_discard}
MOST_RUNS_IN_VAIN = 5
"""So many processes in a row may die with a job before they have done anything of it."""

NOT_THERE = "no longer there, or somebody else holds it"


async def run_job(settings: Settings, job: Job, durations: Durations, leave: asyncio.Event) -> bool:
    """Runs it to its end, or until `leave` is set: then the next process goes on with it.

    Returns:
        False if another process runs it, or something else changes the dead letters.

    Raises:
        ChangeFailedError: it failed, and has ended.
        JobBrokeOffError: this process cannot go on with it.
    """
    async with open_session(
        settings, job.kind, by=job.started_by, durations=durations, on_wait=lambda: None
    ) as session:
        if not await session.try_claim():
            return False
        claimed = await PostgresJobs(session.sessions).get(job.id)
        if claimed is not None and not claimed.has_ended:
            await _run(session, claimed, leave)
    return True


async def _run(session: DeadLetterSession, job: Job, leave: asyncio.Event) -> None:
    letters = PostgresJobLetters(session.sessions, job.id)
    undone = await letters.undone()
    audit = await PostgresJobAudit.take(session.connection, job, session.process, undone)
    leftovers = await Leftovers.of(session, job, audit)
    stop, verb = asyncio.Event(), VERBS[job.kind]
    async with (
        _breaking_off(job.id),
        open_change(verb, audit, job.chosen, Unwatched(), stop) as change,
        _leaving_without_rabbitmq(job.id, change, audit),
        closing_is_an_error(),
        leftovers.taken_away(change),
    ):
        if job.runs_in_vain >= MOST_RUNS_IN_VAIN:
            raise JobInVainError(job.runs_in_vain, job.process)
        async with _obeying(session, job.id, change, leave):
            await RUNS[job.kind](JobTask(session, job, letters, undone, audit, change))
        if not (stop.is_set() or change.why_stopped):
            await audit.give_up_rest(NOT_THERE)
    if change.is_left:
        with suppress(*DATABASE_ERRORS):  # whoever goes on with it counts this run as well
            await audit.leave()


@asynccontextmanager
async def _breaking_off(job_id: int) -> AsyncIterator[None]:
    """Tells a job that has failed from one that its process can no longer run."""
    try:
        yield
    except ClaimLostError as lost:
        raise JobBrokeOffError(job_id, str(lost)) from lost
    except ChangeFailedError as failed:
        if failed.is_noted:
            raise
        raise JobBrokeOffError(job_id, failed.report.why_stopped) from failed


@asynccontextmanager
async def _leaving_without_rabbitmq(
    job_id: int, change: Change, audit: PostgresJobAudit
) -> AsyncIterator[None]:
    """The next process finds out what was sent and acknowledged; a job that is to end, ends."""
    try:
        yield
    except RABBITMQ_LOST as lost:
        if change.stop.is_set() and not change.is_left:
            raise
        change.is_left = True
        if isinstance(lost, NoAnswerError):
            with suppress(*DATABASE_ERRORS):
                await audit.wait_for_rabbitmq()
        raise JobBrokeOffError(job_id, _rabbitmq_said(lost)) from lost


def _rabbitmq_said(lost: Exception) -> str:
    explained = explain(lost)
    line = explained.line if explained else str(lost)
    return line if line.startswith("RabbitMQ") else f"RabbitMQ: {line}"


@asynccontextmanager
async def _obeying(
    session: DeadLetterSession, job_id: int, change: Change, leave: asyncio.Event
) -> AsyncIterator[None]:
    """Stops the change once somebody cancels the job, or this process wants to leave it."""
    jobs = PostgresJobs(session.sessions)
    await _obey(jobs, job_id, change, leave)

    async def watch() -> None:
        while not change.stop.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(session.durations.job_poll):
                    await leave.wait()
            with suppress(*DATABASE_ERRORS):  # what the change itself writes fails as well
                await _obey(jobs, job_id, change, leave)

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.wait([watching])


async def _obey(jobs: PostgresJobs, job_id: int, change: Change, leave: asyncio.Event) -> None:
    job = await jobs.get(job_id)
    if job is not None and job.state is JobState.CANCELLING:
        change.why_stopped = job.why_stopped
        change.stop.set()
    elif leave.is_set():
        change.is_left = True
        change.stop.set()
