"""Follows a replay or a discard, which is a job, from a terminal."""

from collections.abc import Awaitable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from worker.cli.dlq.dead_letters import ask
from worker.cli.dlq.running import print_report
from worker.cli.dlq.terminal import Terminal

if TYPE_CHECKING:
    from worker.dead_letters.change_report import ChangeReport
    from worker.dead_letters.dead_letters import DeadLetters


def run_job(
    letters: "DeadLetters", job: Awaitable[int], *, as_json: bool, to: Path | None = None
) -> None:
    """Starts a job, follows it and reports; the letters that it discards are in `to` at its end."""

    async def start_and_follow() -> "ChangeReport | None":
        return await _follow(letters, await job, to)

    _report(ask(start_and_follow()), as_json=as_json)


def follow_job(
    letters: "DeadLetters", job_id: int, *, as_json: bool, to: Path | None = None
) -> None:
    """Follows one that was started before, as `run_job` does."""
    _report(ask(_follow(letters, job_id, to)), as_json=as_json)


def cancel_job(letters: "DeadLetters", job_id: int, *, as_json: bool) -> None:
    """Cancels one, and reports how far it came."""

    async def cancel() -> "ChangeReport | None":
        await letters.cancel(job_id)
        return await _follow(letters, job_id, None)

    report = ask(cancel())
    if report is not None:
        print_report(report, as_json=as_json, may_stop=True)


def _report(report: "ChangeReport | None", *, as_json: bool) -> None:
    """None of a job that goes on without us, as was told."""
    if report is not None:
        print_report(report, as_json=as_json)


async def _follow(letters: "DeadLetters", job_id: int, to: Path | None) -> "ChangeReport | None":
    from worker.dead_letters.errors import ChangeFailedError

    terminal = Terminal(job_id)
    try:
        report = await letters.follow(job_id, terminal, terminal.stop, terminal.leave)
    except ChangeFailedError:
        if to is not None:
            await letters.keep_discarded(job_id, to)
        raise
    finally:
        terminal.close()
    if report is None:
        await _tell_how_it_goes_on(letters, job_id, to)
    elif to is not None:
        await letters.keep_discarded(job_id, to)
    return report


async def _tell_how_it_goes_on(letters: "DeadLetters", job_id: int, to: Path | None) -> None:
    details = await letters.job(job_id)
    if details.is_run:
        typer.echo(f"job {job_id} goes on: `dlq jobs {job_id} --follow` follows it", err=True)
    else:
        typer.echo(
            f"no worker is there to go on with job {job_id}: `dlq jobs {job_id} --follow` does, "
            f"`dlq cancel {job_id}` ends it",
            err=True,
        )
    if to is not None:
        typer.echo(f"once it has ended, `dlq jobs {job_id} --to {to}` writes its file", err=True)
