import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.dlq.auditing import describe_choice
from worker.cli.dlq.dead_letters import dead_letters
from worker.cli.dlq.options import By, require_new
from worker.cli.output import AS_JSON, print_json, print_table
from worker.infra.messaging.dead_letters.errors import InvalidSelectionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.dead_letters.jobs.reading import JobDetails
    from worker.infra.db.repositories.jobs import Job

JobId = Annotated[int, typer.Argument(metavar="ID", help="As `dlq jobs` shows it.")]


def jobs(
    job_id: Annotated[
        int | None, typer.Argument(metavar="[ID]", help="Show this one, and what of it failed.")
    ] = None,
    *,
    limit: Annotated[int, typer.Option(min=1, help="The newest ones, at most so many.")] = 20,
    follow: Annotated[
        bool, typer.Option("--follow", help="Follow it to its end, as who started it.")
    ] = False,
    to: Annotated[
        Path | None, typer.Option(help="Write what it discarded to this new file.")
    ] = None,
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Show replays and discards: how far each is, who started it, what failed."""
    if to is not None:
        require_new(to)
    if job_id is None:
        if follow or to is not None:
            raise InvalidSelectionError("--follow and --to are about one job: name its id")
        _print_jobs(asyncio.run(dead_letters().jobs(limit)), as_json=as_json)
    elif follow:
        from worker.cli.dlq.following import follow_job

        follow_job(dead_letters(), job_id, as_json=as_json, to=to)
    elif to is not None:
        count = asyncio.run(dead_letters().keep_discarded(job_id, to))
        typer.echo(f"wrote {count} dead letters to {to}", err=True)
    else:
        _print_details(asyncio.run(dead_letters().job(job_id)), as_json=as_json)


def cancel(job_id: JobId, by: By = None, *, as_json: Annotated[bool, AS_JSON] = False) -> None:
    """End a replay or a discard between two messages; what it has done stays done."""
    from worker.cli.dlq.following import cancel_job

    cancel_job(dead_letters(by), job_id, as_json=as_json)


def _print_jobs(listed: "Sequence[Job]", *, as_json: bool) -> None:
    if as_json:
        print_json([asdict(job) for job in listed])
        return
    columns = ("#id", "job", "by", "state", "#done", "#chosen", "created", "ended", "choice")
    rows = [
        (
            *(job.id, job.kind, job.started_by, job.state, job.done, job.chosen),
            *(job.created_at, job.ended_at, describe_choice(job.choice)),
            *(job.why_stopped, job.process, job.audit_id),
        )
        for job in listed
    ]
    first = ("id", "job", "by", "state", "done", "chosen", "created")
    print_table("jobs", (*columns, "why", "process", "#audit"), rows, first=first)


def _print_details(details: "JobDetails", *, as_json: bool) -> None:
    job, failed = details.job, details.failed
    if as_json:
        told = {**asdict(job), "is_run": details.is_run}
        print_json({**told, "failed": [asdict(letter) for letter in failed]})
        return
    _print_jobs([job], as_json=False)
    if not job.has_ended and not details.is_run:
        typer.echo(f"nobody runs it: `dlq jobs {job.id} --follow` does")
    elif job.step:
        typer.echo(f"now {job.step}")
    if job.lacks_file:
        typer.echo(f"nobody has its file yet: `dlq jobs {job.id} --to FILE` writes it")
    if failed:
        columns = ("id", "source", "code", "reason")
        rows = [(letter.id, letter.source, letter.code, letter.reason) for letter in failed]
        print_table(f"{len(failed)} failed", columns, rows, first=("id", "code"))
