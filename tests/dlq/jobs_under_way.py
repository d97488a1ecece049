"""Waits until a job has come so far."""

import asyncio
from collections.abc import Callable

from dev.worker_process import PATIENCE_SECONDS
from worker.dead_letters.dead_letters import DeadLetters
from worker.infra.db.repositories.jobs import Job


async def until_done(ana: DeadLetters, job_id: int, count: int) -> Job:
    """The job, once so many of its letters are done."""
    return await until(ana, job_id, lambda job: job.done >= count)


async def until(ana: DeadLetters, job_id: int, is_so: Callable[[Job], bool]) -> Job:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not is_so(job := (await ana.job(job_id)).job):  # noqa: ASYNC110 - a row tells nobody
            await asyncio.sleep(0.02)
    return job


async def until_it_runs(ana: DeadLetters, job_id: int, pid: int) -> None:
    """Returns once this process has taken the job, or it is over."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not (job := (await ana.job(job_id)).job).has_ended:
            if str(job.process).endswith(f":{pid}"):
                return
            await asyncio.sleep(0.02)


async def until_it_sends(ana: DeadLetters, job_id: int, pid: int, done: int) -> None:
    """Returns once this process has sent something."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            job = (await ana.job(job_id)).job
            if str(job.process).endswith(f":{pid}") and job.done > done:
                return
            await asyncio.sleep(0.02)
