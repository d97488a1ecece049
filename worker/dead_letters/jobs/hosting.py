"""Runs jobs in a process that is there for something else: a worker, or the console."""

import asyncio
from contextlib import suppress

import structlog

from worker.dead_letters.errors import ChangeFailedError, PooledError
from worker.dead_letters.jobs.running import run_job
from worker.errors import explain
from worker.infra.db.advisory_locks import AdvisoryLock
from worker.infra.db.engine import Sessions
from worker.infra.db.errors import DATABASE_ERRORS, translate
from worker.infra.db.repositories.jobs import Job, PostgresJobs
from worker.infra.db.session_locks import is_held
from worker.infra.durations import Durations
from worker.infra.messaging.amqp.connection import closing_is_an_error
from worker.infra.repeat_limited_log import RepeatLimitedLog
from worker.settings import Settings

_log = structlog.get_logger(__name__)


class JobHost:
    """Takes each job that nobody runs; several hosts do not run the same one."""

    def __init__(self, settings: Settings, durations: Durations) -> None:
        self._settings = settings
        self._durations = durations
        self._trouble = RepeatLimitedLog(_log, durations.log_repeat)
        self._broken_off = RepeatLimitedLog(_log, durations.log_repeat)
        self._told_of: int | None = None
        self._is_pooled = False

    async def run(self, sessions: Sessions) -> None:
        """Until it is cancelled: then it leaves the job that it runs to another process.

        It ends where a pooler leaves its locks to others.
        """
        while not self._is_pooled:
            job = await self._look(sessions)
            is_over = job is None or await self._host(job)
            await asyncio.sleep(
                self._durations.jobs_every if is_over else self._durations.job_again
            )

    async def _look(self, sessions: Sessions) -> Job | None:
        """The job that is to be run and that nobody runs."""
        try:
            job = await PostgresJobs(sessions).unended()
            if job is None or await is_held(sessions, AdvisoryLock.CHANGING_DEAD_LETTERS):
                job = None
        except DATABASE_ERRORS as trouble:
            self._trouble.warn("cannot look for jobs", str(translate(trouble)))
            return None
        self._trouble.over()
        return job

    async def _host(self, job: Job) -> bool:
        """False if it broke off."""
        leave = asyncio.Event()
        running = asyncio.create_task(self._run(job, leave))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            leave.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._durations.job_handover):
                    await asyncio.shield(running)
            running.cancel()
            await asyncio.wait([running])
            raise

    async def _run(self, job: Job, leave: asyncio.Event) -> bool:
        """No error of a job ends its host; False if it broke off."""
        told = {"job": job.id, "kind": str(job.kind), "by": job.started_by}
        try:
            if job.id != self._told_of:
                _log.info("running a job", **told)
            self._told_of = job.id
            async with closing_is_an_error():
                await run_job(self._settings, job, self._durations, leave)
        except PooledError as pooled:
            self._is_pooled = True
            _log.warning("no jobs of operators are run here", reason=str(pooled))
        except ChangeFailedError as failed:
            _log.warning("a job failed", **told, reason=str(failed))
        except Exception as error:  # noqa: BLE001 - a worker goes on with its messages
            explained = explain(error)
            if explained is None:
                _log.exception("a job failed by a bug", **told)
            else:
                self._broken_off.warn("a job broke off and will be resumed", explained.line)
                return False
        self._broken_off.over()
        return True
