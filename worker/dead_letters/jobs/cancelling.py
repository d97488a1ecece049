from worker.dead_letters.errors import JobEndedError
from worker.dead_letters.jobs.reading import get_job
from worker.dead_letters.session import DeadLetterSession
from worker.infra.db.repositories.jobs import PostgresJobs


async def cancel_job(session: DeadLetterSession, job_id: int) -> None:
    """Asks whoever runs it to end it.

    Raises:
        JobNotFoundError: there is no such job.
        JobEndedError: it has ended already.
    """
    job = await get_job(session, job_id)
    if job.has_ended:
        raise JobEndedError(job_id, job.state)
    await PostgresJobs(session.sessions).cancel(job_id, f"cancelled by {session.by}")
