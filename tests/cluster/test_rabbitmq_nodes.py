import asyncio
from functools import partial

import pytest

from tests.cluster.rabbitmq_drill import RabbitMQDrill

pytestmark = pytest.mark.slow


async def test_leader_of_the_main_queue_killed(rabbitmq_drill: RabbitMQDrill, full: bool) -> None:
    drill, cluster = rabbitmq_drill, rabbitmq_drill.cluster
    for node in cluster.nodes:
        drill.start_workers(1, url=node.rabbitmq_url)

    for _ in range(3 if full else 1):
        leader = await drill.leader()
        async with drill.steady_load():
            began = await drill.fault(leader.kill)
            await drill.recovery(began)
        await asyncio.to_thread(leader.start)
        await drill.until_whole()

    report = await drill.verdict()
    assert report.harm == (0, 0, 0)
    assert max(drill.silences) < 5


async def test_connected_node_killed(rabbitmq_drill: RabbitMQDrill, full: bool) -> None:
    """The only worker goes on at another node of its URL."""
    drill = rabbitmq_drill
    drill.start_workers(1)

    for _ in range(3 if full else 1):
        node = await drill.connected_node()
        async with drill.steady_load():
            began = await drill.fault(node.kill)
            await drill.recovery(began)
        await asyncio.to_thread(node.start)
        await drill.until_whole()

    report = await drill.verdict()
    assert report.harm == (0, 0, 0)
    assert max(drill.silences) < 5


async def test_connected_node_stopped_in_good_order(
    rabbitmq_drill: RabbitMQDrill, full: bool
) -> None:
    drill = rabbitmq_drill
    drill.start_workers(1)

    for _ in range(3 if full else 1):
        node = await drill.connected_node()
        async with drill.steady_load():
            began = await drill.fault(node.stop)
            await drill.recovery(began)
        await asyncio.to_thread(node.start)
        await drill.until_whole()

    report = await drill.verdict()
    assert report.harm == (0, 0, 0)
    assert max(drill.silences) < 10


async def test_connected_node_drained(rabbitmq_drill: RabbitMQDrill, full: bool) -> None:
    """A drained node gives away its leaders, closes its connections, and takes no new ones."""
    drill = rabbitmq_drill
    drill.start_workers(1)

    for _ in range(3 if full else 1):
        node = await drill.connected_node()
        async with drill.steady_load():
            began = await drill.fault(partial(node.run, "rabbitmq-upgrade", "drain"))
            await drill.recovery(began)
        await asyncio.to_thread(node.run, "rabbitmq-upgrade", "revive")
        await drill.until_whole()

    report = await drill.verdict()
    assert report.harm == (0, 0, 0)
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

    report = await drill.verdict()
    assert report.harm == (0, 0, 0)
    assert max(drill.silences) < 10
