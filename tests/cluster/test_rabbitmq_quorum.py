import asyncio
import time
from functools import partial

import pytest

from tests.cluster.rabbitmq_drill import RabbitMQDrill

FROZEN_SECONDS = 80
"""Longer than `net_ticktime` (60 s), after which the others take a silent node for gone."""

pytestmark = pytest.mark.slow


async def test_leader_cut_off_from_the_others(rabbitmq_drill: RabbitMQDrill, full: bool) -> None:
    """The only worker is connected to the node that is alone."""
    drill, cluster = rabbitmq_drill, rabbitmq_drill.cluster
    drill.start_workers(1)

    for _ in range(3 if full else 1):
        node = await drill.connected_node()
        async with drill.steady_load():
            began = await drill.fault(partial(cluster.cut_off, node))
            await drill.recovery(began)
            await asyncio.to_thread(cluster.heal)
            await drill.until_whole()

    report = await drill.verdict()
    assert report.harm == (0, 0, 0)
    assert max(drill.silences) < 30


async def test_quorum_lost_and_regained(rabbitmq_drill: RabbitMQDrill, full: bool) -> None:
    """Nothing can be confirmed meanwhile; recovery is the time from when the nodes are back."""
    drill = rabbitmq_drill
    drill.start_workers(2)

    for _ in range(3 if full else 1):
        survivor = await drill.leader()
        lost = drill.cluster.others(survivor)
        async with drill.steady_load():
            for node in lost:
                await drill.fault(node.kill)
            await asyncio.sleep(40 if full else 3)  # how long it lasts is what it is about
            await asyncio.gather(*(asyncio.to_thread(node.start) for node in lost))
            await drill.recovery(time.monotonic())
        await drill.until_whole()

    report = await drill.verdict()
    assert report.harm == (0, 0, 0)
    assert report.seconds_to_recover < 30


async def test_leader_frozen(rabbitmq_drill: RabbitMQDrill, full: bool) -> None:
    """Connections to it stay open; in full it wakes up after the others took it for gone."""
    drill = rabbitmq_drill
    for node in drill.cluster.nodes:
        drill.start_workers(1, url=node.rabbitmq_url)

    for _ in range(2 if full else 1):
        leader = await drill.leader()
        async with drill.steady_load():
            began = await drill.fault(leader.freeze)
            await drill.recovery(began)
            if full:
                await asyncio.sleep(began + FROZEN_SECONDS - time.monotonic())
            leader.thaw()
        await drill.until_whole()
        await drill.until_workers_are_ready()  # RabbitMQ 4.3 lets nobody consume there for a while

    report = await drill.verdict()
    assert report.harm == (0, 0, 0)
    assert max(drill.silences) < 20
