from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from dev.servers import Servers
from dev.worker_process import wait_until
from tests.dlq.conftest import Progress
from tests.dlq.dead_letters import DeadLetterQueue, price_changes, settings_of, sweep_once
from tests.dlq.killed_runner import leave_job, send_replay
from tests.faults.drill import Drill
from tests.support.broker import DEAD_LETTERS, MAIN, connect
from worker.dead_letters.dead_letters import DeadLetters
from worker.dead_letters.jobs.doubts import NOT_KNOWN
from worker.dead_letters.replay_options import ReplayOptions
from worker.domain.value_objects.dead_letter_selection import Selection
from worker.infra.db.engine import create_engine, create_sessions
from worker.infra.durations import DEFAULT_DURATIONS
from worker.infra.messaging.dead_letters.errors import NoAnswerError
from worker.infra.messaging.topology_repair import TopologyRepair

LETTERS = 5
SHORT = replace(DEFAULT_DURATIONS, call=1, sweep_grace=0.001, outcome_patience=0.5)


async def test_letters_of_a_queue_that_does_not_answer_have_not_vanished(drill: Drill) -> None:
    """RabbitMQ counts 0 messages while the leader of a quorum queue is silent."""
    servers = Servers(drill.site.database_url, drill.site.rabbitmq_url)
    drill.start_workers(1)
    await drill.publish(drill.poison(LETTERS))
    await drill.until(lambda: _count(drill, LETTERS), "the dead letters")

    with silent_leader(drill, DEAD_LETTERS):
        drill.faults += 1
        assert await _count(drill, 0)
        with pytest.raises(NoAnswerError, match="RabbitMQ: TimeoutError"):
            await sweep_once(servers, SHORT)
    swept = await sweep_once(servers)

    assert (swept.vanished, swept.added) == (0, 0)
    report = await drill.verdict(dead_as="invalid-event")
    assert (report.lost, report.applied_twice, report.wrongly_dead) == (0, 0, 0)


async def test_a_worker_leaves_a_node_that_does_not_reach_the_leader_of_its_queue(
    drill: Drill,
) -> None:
    """Whatever that node tells of the queue; here there is no other, so it comes back to it."""
    (worker,) = drill.start_workers(1, LOOKOUT_SECONDS="60", LEADER_SECONDS="1")

    with silent_leader(drill, MAIN):
        drill.faults += 1
        wait_until(lambda: "leader of the queue does not answer" in worker.log, lambda: worker.log)
    await drill.publish(drill.history(20))

    report = await drill.verdict()
    assert (report.lost, report.applied_twice, report.wrongly_dead) == (0, 0, 0)


async def test_who_follows_a_killed_runner_takes_no_silent_queue_for_an_empty_one(
    drill: Drill,
) -> None:
    """What it may have sent, and has, is sent by nobody again."""
    servers = Servers(drill.site.database_url, drill.site.rabbitmq_url)
    settings = settings_of(servers, worker_retry_delays="100ms")
    ana, progress = DeadLetters(settings, by="ana", durations=SHORT), Progress()
    engine = create_engine(lambda: servers.database_url)
    await TopologyRepair(lambda: servers.rabbitmq_url, (), DEFAULT_DURATIONS).repair()
    async with (
        DeadLetterQueue.connect(servers) as dead_letters,
        connect(servers.rabbitmq_url) as broker,
    ):
        [event] = price_changes(1)
        await dead_letters.lay([event])
        job_id = await ana.start_replay(Selection(), ReplayOptions())
        await leave_job(create_sessions(engine), job_id, sending=1)
        await send_replay(broker, event)

        with silent_leader(drill, MAIN):
            drill.faults += 1
            await ana.follow(job_id, progress, progress.stop)

        [letter] = (await ana.job(job_id)).failed
        assert (letter.id, letter.reason) == ("p-0", NOT_KNOWN)
        assert [message.message_id for message in await dead_letters.take_all(MAIN)] == ["p-0"]
    await engine.dispose()


@contextmanager
def silent_leader(drill: Drill, queue: str) -> Iterator[None]:
    leader = f'list_to_atom("%2F_{queue}")'
    drill.site.rabbitmq.ctl("eval", f"sys:suspend({leader}).")
    try:
        yield
    finally:
        drill.site.rabbitmq.ctl("eval", f"sys:resume({leader}).")


async def _count(drill: Drill, expected: int) -> bool:
    async with connect(drill.site.rabbitmq_url) as broker:
        return await broker.count(DEAD_LETTERS) == expected
