import asyncio
from types import SimpleNamespace
from typing import cast

import pytest
from structlog.testing import capture_logs

from worker.dead_letters.errors import PooledError
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
    async def run_behind_a_pooler(*_: object) -> None:
        raise PooledError

    async def unended(_: object) -> Job:
        return JOB

    async def nobody_has_it(*_: object) -> bool:
        return False

    monkeypatch.setattr(hosting, "run_job", run_behind_a_pooler)
    monkeypatch.setattr(hosting, "is_held", nobody_has_it)
    monkeypatch.setattr(PostgresJobs, "unended", unended)
    host = JobHost(cast("Settings", None), Durations(jobs_every=0.001))

    with capture_logs() as logs:
        await asyncio.wait_for(host.run(cast("Sessions", None)), timeout=10)

    assert [log["event"] for log in logs] == ["running a job", "no jobs of operators are run here"]
