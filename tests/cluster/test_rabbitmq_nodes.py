import asyncio
import time

import pytest

from tests.cluster.rabbitmq_site import RabbitMQDrill

pytestmark = pytest.mark.slow


async def test_leader_of_the_main_queue_killed(rabbitmq_drill: RabbitMQDrill, full: bool) -> None:
    drill, cluster = rabbitmq_drill, rabbitmq_drill.site.cluster
    for node in cluster.nodes[1:]:
        drill.start_workers(1, url=node.rabbitmq_url)

    for _ in range(3 if full else 1):
        leader = await asyncio.to_thread(cluster.leader)
        async with drill.steady_load():
            await asyncio.to_thread(leader.kill)
            drill.faults += 1
            await drill.recovery(time.monotonic())
        await asyncio.to_thread(leader.start)
        await drill.until(lambda: asyncio.to_thread(cluster.is_whole), "all members")

    report = await drill.verdict()
    assert report.harm == (0, 0, 0)
    assert report.seconds_of_silence is not None
    assert report.seconds_of_silence < 5
