import asyncio
from types import SimpleNamespace
from typing import cast

import pytest
from structlog.testing import capture_logs

from worker.dead_letters.jobs import hosting
from worker.dead_letters.jobs.hosting import JobHost
from worker.infra.db.repositories.jobs import Job
from worker.infra.durations import Durations
from worker.settings import Settings


async def test_a_job_whose_connection_closes_does_not_end_its_host(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """aiormq gives CancelledError to whoever waits on a connection that closes."""

    async def run_on_a_connection_that_closes(*_: object) -> None:
        raise asyncio.CancelledError

    monkeypatch.setattr(hosting, "run_job", run_on_a_connection_that_closes)
    job = cast("Job", SimpleNamespace(id=1, kind="replay", started_by="ana"))

    with capture_logs() as logs:
        await JobHost(cast("Settings", None), Durations())._host(job)  # noqa: SLF001 - one round

    assert [log["event"] for log in logs] == [
        "running a job",
        "a job broke off and will be resumed",
    ]
