import asyncio

import pytest

from tests.cluster.rabbitmq_cluster import SIZE
from tests.cluster.rabbitmq_drill import RabbitMQDrill

pytestmark = pytest.mark.slow


async def test_cluster_founded_on_one_node_then_grown(rabbitmq_drill: RabbitMQDrill) -> None:
    """Queues keep the members they were declared with, until an operator adds some."""
    drill, cluster = rabbitmq_drill, rabbitmq_drill.cluster
    await asyncio.to_thread(cluster.dissolve)
    (first,) = drill.start_workers(1, url=cluster.founder.rabbitmq_url)
    await asyncio.to_thread(cluster.join)
    declared = await asyncio.to_thread(cluster.members)

    async with drill.steady_load():
        for node in cluster.others(cluster.founder):
            await asyncio.to_thread(
                cluster.founder.run, "rabbitmq-queues", "grow", node.name, "all"
            )
        await drill.until_whole()
        grown = await asyncio.to_thread(cluster.members)
        drill.start_workers(1, url=cluster.nodes[1].rabbitmq_url)
        assert first.terminate() == 0
        began = await drill.fault(cluster.founder.kill)
        await drill.recovery(began)
    await asyncio.to_thread(cluster.founder.start)
    await drill.until_whole()

    report = await drill.verdict()
    assert report.harm == (0, 0, 0)
    assert {len(members) for members in declared.values()} == {1}
    assert {len(members) for members in grown.values()} == {SIZE}
    assert max(drill.silences) < 10


async def test_workers_upgraded_one_after_another_while_a_node_is_down(
    rabbitmq_drill: RabbitMQDrill, full: bool
) -> None:
    drill = rabbitmq_drill
    old = drill.start_workers(3)

    for _ in range(3 if full else 1):
        node = await drill.leader()
        async with drill.steady_load():
            await drill.recovery(await drill.fault(node.kill))
            for i, worker in enumerate(old):
                (old[i],) = await asyncio.to_thread(drill.start_workers, 1)
                assert await asyncio.to_thread(worker.terminate) == 0
        await asyncio.to_thread(node.start)
        await drill.until_whole()

    report = await drill.verdict()
    assert report.harm == (0, 0, 0)
    assert max(drill.silences) < 5
