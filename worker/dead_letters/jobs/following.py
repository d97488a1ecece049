"""Follows a job to its end, whoever runs it; runs it here if nobody else does."""

import asyncio
from collections.abc import Awaitable, Callable

from worker.dead_letters.change import STOPPED_BY_SIGNAL
from worker.dead_letters.change_report import ChangeReport
from worker.dead_letters.errors import ChangeFailedError
from worker.dead_letters.jobs.reading import get_job
from worker.dead_letters.jobs.report import VERBS, report_of
from worker.dead_letters.progress import Progress
from worker.dead_letters.session import DeadLetterSession
from worker.domain.value_objects.job import JobState
from worker.infra.db.repositories.jobs import Job, PostgresJobs
from worker.infra.db.repositories.workers import PostgresWorkers

Run = Callable[[Job, asyncio.Event], Awaitable[bool]]
"""Runs a job until the event is set; False if another process runs it."""


class Following:
    """One who follows a job."""

    def __init__(self, session: DeadLetterSession, run: Run) -> None:
        self._session = session
        self._run = run
        self._jobs = PostgresJobs(session.sessions)
        self._workers = PostgresWorkers(session.sessions, session.durations.worker_silent)
        self._runner: asyncio.Task[bool] | None = None
        self._handover = asyncio.Event()
        self._unclaimed_since: float | None = None

    async def follow(
        self, job_id: int, progress: Progress, stop: asyncio.Event, leave: asyncio.Event
    ) -> ChangeReport | None:
        """Cancels it once `stop` is set; returns None once `leave` is set, and the job goes on.

        Raises:
            JobNotFoundError: there is no such job.
            ChangeFailedError: it failed; the report says why, and how far it came.
            JobBrokeOffError: it ran here, and a server was lost.
        """
        try:
            job, shown = await get_job(self._session, job_id), 0
            progress.started(VERBS[job.kind], job.chosen)
            while not job.has_ended and not leave.is_set():
                if stop.is_set():
                    await self._jobs.cancel(job_id, STOPPED_BY_SIGNAL)
                await self._see_that_it_runs(job)
                await self._wait(stop, leave)
                job = await get_job(self._session, job_id)
                progress.advanced(job.done - shown)
                progress.told(job.step)
                shown = job.done
        finally:
            await self._hand_over()
        return _report(job) if job.has_ended else None

    async def _see_that_it_runs(self, job: Job) -> None:
        if self._runner is not None and self._runner.done():
            runner, self._runner = self._runner, None
            runner.result()
        elif self._runner is None and await self._is_ours(job):
            self._runner = asyncio.create_task(self._start(job))

    async def _start(self, job: Job) -> bool:
        return await self._run(job, self._handover)

    async def _is_ours(self, job: Job) -> bool:
        """Nobody runs it, and no worker is there to take it, or none has done so in time."""
        if await self._session.is_claimed():
            self._unclaimed_since = None
            return False
        now = asyncio.get_running_loop().time()
        self._unclaimed_since = self._unclaimed_since or now
        return (
            job.state is JobState.CANCELLING
            or now - self._unclaimed_since >= self._session.durations.job_taken
            or not await self._workers.may_host_jobs()
        )

    async def _wait(self, stop: asyncio.Event, leave: asyncio.Event) -> None:
        """Until the next look, or until it is to end."""
        events = [leave, *([] if stop.is_set() else [stop])]
        waits = [asyncio.create_task(event.wait()) for event in events]
        runners = [] if self._runner is None else [self._runner]
        seconds = self._session.durations.job_poll
        await asyncio.wait([*waits, *runners], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()

    async def _hand_over(self) -> None:
        self._handover.set()
        if self._runner is not None:
            await self._runner


def _report(job: Job) -> ChangeReport:
    report = report_of(job)
    if job.state is JobState.FAILED:
        raise ChangeFailedError(report)
    return report
