"""A broker that takes no messages because it is short of memory."""

from collections.abc import Iterator

import pytest

from dev.servers import PrivateRabbitMQ, Servers
from tests.conftest import run_command
from tests.dlq.dead_letters import DeadLetterQueue, price_changes
from tests.support.own_rabbitmq import own_rabbitmq
from worker.infra.durations import DEFAULT_DURATIONS
from worker.infra.messaging.topology_repair import TopologyRepair


@pytest.fixture
def rabbitmq() -> Iterator[PrivateRabbitMQ]:
    """A broker of our own: an alarm is of the whole node."""
    with own_rabbitmq() as rabbitmq:
        yield rabbitmq


async def test_a_replay_that_a_memory_alarm_blocks_says_so_and_changes_nothing(
    empty: Servers, rabbitmq: PrivateRabbitMQ
) -> None:
    servers = Servers(empty.database_url, rabbitmq.rabbitmq_url)
    await TopologyRepair(lambda: rabbitmq.rabbitmq_url, (), DEFAULT_DURATIONS).repair()
    async with DeadLetterQueue.connect(servers) as dead_letters:
        await dead_letters.lay(price_changes(3))
        rabbitmq.ctl("set_vm_memory_high_watermark", "0.000001")
        try:
            done = run_command(servers, "dlq", "replay", "--all")
        finally:
            rabbitmq.ctl("set_vm_memory_high_watermark", "0.4")

        assert done.returncode == 1
        assert "RabbitMQ blocks publishing: low on memory" in done.stderr
        assert "0 of 3" in done.stderr
        assert await dead_letters.count() == 3
