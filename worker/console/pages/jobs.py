from starlette.responses import Response

from worker.console.auth.refusals import RefusedError
from worker.console.auth.rights import Right
from worker.console.choices import read_id
from worker.console.errors import NotFoundError
from worker.console.visit import Visit, go_to
from worker.dead_letters.jobs.report import canary_of

MOST_JOBS = 50


async def show_jobs(visit: Visit) -> Response:
    """Replays and discards, newest first."""
    return visit.page("jobs.html", jobs=await visit.letters.jobs(MOST_JOBS))


async def show_job(visit: Visit) -> Response:
    """How far one is, and what of it failed; a page that is open follows it."""
    details = await visit.letters.job(job_id_of(visit))
    return visit.page("job.html", details=details, canary=canary_of(details.job))


async def cancel_job(visit: Visit) -> Response:
    """Ends it between two messages; for whoever might have started it."""
    job_id = job_id_of(visit)
    job = (await visit.letters.job(job_id)).job
    right = Right(job.kind)
    if not visit.visitor.may(right):
        raise RefusedError(f"{visit.visitor.name} does not have the right to {right} here")
    await visit.letters.cancel(job_id)
    return go_to(f"/jobs/{job_id}")


def job_id_of(visit: Visit) -> int:
    """The job that the address names."""
    job_id = read_id(visit.request.path_params, "id")
    if job_id is None:
        raise NotFoundError("the address lacks the number of the job")
    return job_id
