import asyncio

import pytest

from tests.cluster.rabbitmq_drill import RabbitMQDrill
from tests.cluster.rabbitmq_node import Node

pytestmark = pytest.mark.slow


async def test_leader_of_the_main_queue_killed(rabbitmq_drill: RabbitMQDrill, full: bool) -> None:
    drill = rabbitmq_drill
    for node in drill.cluster.nodes:
        drill.start_workers(1, url=node.rabbitmq_url)

    await drill.lose(drill.leader, Node.kill, times=3 if full else 1)

    assert (await drill.verdict()).harm == (0, 0, 0)
    assert max(drill.silences) < 5


async def test_connected_node_killed(rabbitmq_drill: RabbitMQDrill, full: bool) -> None:
    """The only worker goes on at another node of its URL."""
    drill = rabbitmq_drill
    drill.start_workers(1)

    await drill.lose(drill.connected_node, Node.kill, times=3 if full else 1)

    assert (await drill.verdict()).harm == (0, 0, 0)
    assert max(drill.silences) < 5


async def test_connected_node_stopped_in_good_order(
    rabbitmq_drill: RabbitMQDrill, full: bool
) -> None:
    drill = rabbitmq_drill
    drill.start_workers(1)

    await drill.lose(drill.connected_node, Node.stop, times=3 if full else 1)

    assert (await drill.verdict()).harm == (0, 0, 0)
    assert max(drill.silences) < 10


async def test_connected_node_drained(rabbitmq_drill: RabbitMQDrill, full: bool) -> None:
    """A drained node gives away its leaders, closes its connections, and takes no new ones."""
    drill = rabbitmq_drill
    drill.start_workers(1)

    await drill.lose(drill.connected_node, _drain, times=3 if full else 1, mend=_revive)

    assert (await drill.verdict()).harm == (0, 0, 0)
    assert max(drill.silences) < 5


async def test_three_nodes_restarted_one_after_another(
    rabbitmq_drill: RabbitMQDrill, full: bool
) -> None:
    drill = rabbitmq_drill
    drill.start_workers(2)

    async with drill.steady_load():
        for node in drill.cluster.nodes * (2 if full else 1):
            await drill.until_whole()
            began = await drill.fault(node.stop)
            await drill.recovery(began)
            await asyncio.to_thread(node.start)

    assert (await drill.verdict()).harm == (0, 0, 0)
    assert max(drill.silences) < 10


def _drain(node: Node) -> None:
    node.run("rabbitmq-upgrade", "drain")


def _revive(node: Node) -> None:
    node.run("rabbitmq-upgrade", "revive")
