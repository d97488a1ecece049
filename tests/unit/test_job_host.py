import asyncio
from types import SimpleNamespace
from typing import cast

import pytest
from structlog.testing import capture_logs

from worker.dead_letters.errors import JobBrokeOffError, PooledError
from worker.dead_letters.jobs import hosting
from worker.dead_letters.jobs.hosting import JobHost
from worker.infra.db.engine import Sessions
from worker.infra.db.repositories.jobs import Job, PostgresJobs
from worker.infra.durations import Durations
from worker.settings import Settings

JOB = cast("Job", SimpleNamespace(id=1, kind="replay", started_by="ana"))


async def test_a_job_whose_connection_closes_does_not_end_its_host(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """aiormq gives CancelledError to whoever waits on a connection that closes."""

    async def run_on_a_connection_that_closes(*_: object) -> None:
        raise asyncio.CancelledError

    monkeypatch.setattr(hosting, "run_job", run_on_a_connection_that_closes)

    with capture_logs() as logs:
        await JobHost(cast("Settings", None), Durations())._host(JOB)  # noqa: SLF001 - one round

    assert [log["event"] for log in logs] == [
        "running a job",
        "a job broke off and will be resumed",
    ]


async def test_a_host_behind_a_pooler_looks_for_no_other_job(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    logged = await run_host(monkeypatch, PooledError())

    assert logged == ["running a job", "no jobs of operators are run here"]


async def test_a_job_that_breaks_off_again_and_again_is_told_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    logged = await run_host(
        monkeypatch, *(JobBrokeOffError(1, "RabbitMQ: away") for _ in range(5)), PooledError()
    )

    assert logged == [
        "running a job",
        "a job broke off and will be resumed",
        "no jobs of operators are run here",
    ]


async def run_host(monkeypatch: pytest.MonkeyPatch, *ends: Exception) -> list[str]:
    """What a host logs whose runs of one job end in this way; the last one ends the host."""
    to_come = iter(ends)

    async def run(*_: object) -> None:
        raise next(to_come)

    async def unended(_: object) -> Job:
        return JOB

    async def nobody_has_it(*_: object) -> bool:
        return False

    monkeypatch.setattr(hosting, "run_job", run)
    monkeypatch.setattr(hosting, "is_held", nobody_has_it)
    monkeypatch.setattr(PostgresJobs, "unended", unended)
    durations = Durations(jobs_every=0.001, job_again=0.001)
    with capture_logs() as logs:
        host = JobHost(cast("Settings", None), durations)
        await asyncio.wait_for(host.run(cast("Sessions", None)), timeout=10)
    return [log["event"] for log in logs]
