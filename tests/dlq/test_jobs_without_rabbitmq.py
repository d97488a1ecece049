"""Jobs that lose RabbitMQ, or do not find it: they wait for it, and send nothing twice."""

import asyncio
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from dev.servers import Servers
from dev.servers.ports import LOOPBACK
from tests.conftest import StartWorker
from tests.dlq.conftest import SHORT, Operator, Progress
from tests.dlq.dead_letters import DeadLetterQueue, price_changes, settings_of
from tests.dlq.jobs_under_way import until, until_done
from tests.dlq.killed_runner import leave_job
from tests.support.broker import MAIN
from tests.support.hooked_worker import HOOKED
from tests.support.hosts import with_hosts
from tests.support.tcp_proxy import TcpProxy
from worker.dead_letters.dead_letters import DeadLetters
from worker.dead_letters.errors import JobBrokeOffError
from worker.dead_letters.jobs.running import MOST_RUNS_IN_VAIN
from worker.dead_letters.replay_options import ReplayOptions
from worker.domain.value_objects.dead_letter_selection import Selection
from worker.domain.value_objects.job import JobStep
from worker.infra.db.engine import Sessions

ALL = Selection()


@pytest.fixture
def network(empty: Servers) -> Iterator[TcpProxy]:
    """Between the operator and RabbitMQ."""
    with TcpProxy(urlsplit(empty.rabbitmq_url).port or 0) as network:
        yield network


@pytest.fixture
def ana(empty: Servers, network: TcpProxy) -> DeadLetters:
    """Those of an operator who reaches RabbitMQ through this network."""
    url = with_hosts(empty.rabbitmq_url, f"{LOOPBACK}:{network.port}")
    settings = settings_of(Servers(empty.database_url, url))
    return DeadLetters(settings, by="ana", durations=SHORT)


async def test_a_job_that_loses_rabbitmq_is_gone_on_with_and_sends_nothing_twice(
    start_worker: StartWorker, dead_letters: DeadLetterQueue, network: TcpProxy, ana: DeadLetters
) -> None:
    await dead_letters.lay(price_changes(40))
    worker, progress = start_worker(*HOOKED), Progress()
    job_id = await ana.start_replay(ALL, ReplayOptions(rate=20.0))
    following = asyncio.create_task(ana.follow(job_id, progress, progress.stop))
    await until_done(ana, job_id, 4)
    network.cut()
    with pytest.raises(JobBrokeOffError, match="RabbitMQ"):
        await following
    broken_off = (await ana.job(job_id)).job
    report = await ana.follow(job_id, progress, progress.stop)

    assert not broken_off.has_ended
    assert report is not None
    assert (report.done, report.why_stopped) == (40, "")
    assert worker.wait_results(40) == {"early": 40}
    assert (await dead_letters.count(), await dead_letters.count(MAIN)) == (0, 0)


async def test_a_job_that_loses_rabbitmq_while_it_looks_for_its_letters_is_gone_on_with(
    dead_letters: DeadLetterQueue, network: TcpProxy, ana: DeadLetters
) -> None:
    await dead_letters.lay(price_changes(2))
    await dead_letters.take_all()
    progress = Progress()
    job_id = await ana.start_discard(ALL)
    following = asyncio.create_task(ana.follow(job_id, progress, progress.stop))
    await until(ana, job_id, lambda job: job.step == JobStep.LOOKING)
    while not network.cut():  # noqa: ASYNC110 - until it has connected
        await asyncio.sleep(0.02)
    with pytest.raises(JobBrokeOffError, match="RabbitMQ"):
        await following
    report = await ana.follow(job_id, progress, progress.stop)

    assert report is not None
    assert (report.done, report.why_stopped) == (2, "")


async def test_a_job_can_be_cancelled_while_rabbitmq_is_away(
    dead_letters: DeadLetterQueue, network: TcpProxy, ana: DeadLetters, sessions: Sessions
) -> None:
    await dead_letters.lay(price_changes(2))
    progress = Progress()
    job_id = await ana.start_replay(ALL, ReplayOptions())
    await leave_job(sessions, job_id, done=1)
    network.close()
    with pytest.raises(JobBrokeOffError, match="RabbitMQ"):
        await ana.follow(job_id, progress, progress.stop)
    step = (await ana.job(job_id)).job.step

    await ana.cancel(job_id)
    report = await ana.follow(job_id, progress, progress.stop)

    assert step == JobStep.WAITING
    assert report is not None
    assert (report.done, report.why_stopped) == (1, "cancelled by ana")


async def test_a_job_goes_on_once_rabbitmq_is_back(
    dead_letters: DeadLetterQueue, network: TcpProxy, ana: DeadLetters, operator: Operator
) -> None:
    """Its runs meanwhile are not in vain: nothing of the job is what ends them."""
    await dead_letters.lay(price_changes(2))
    progress = Progress()
    job_id = await ana.start_replay(ALL, ReplayOptions())
    network.close()

    for _ in range(MOST_RUNS_IN_VAIN + 1):
        with pytest.raises(JobBrokeOffError, match="RabbitMQ"):
            await ana.follow(job_id, progress, progress.stop)
    report = await operator("ana").follow(job_id, progress, progress.stop)

    assert report is not None
    assert (report.done, report.why_stopped) == (2, "")
