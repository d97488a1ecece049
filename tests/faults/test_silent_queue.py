from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from dev.servers import Servers
from dev.worker_process import wait_until
from tests.dlq.dead_letters import sweep_once
from tests.faults.drill import Drill
from tests.support.broker import DEAD_LETTERS, MAIN, connect
from worker.infra.durations import DEFAULT_DURATIONS
from worker.infra.messaging.dead_letters.errors import NoAnswerError

LETTERS = 5
SHORT = replace(DEFAULT_DURATIONS, call=1, sweep_grace=0.001)


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
    swept = await sweep_once(servers, SHORT)

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
