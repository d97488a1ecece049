"""Patroni decides who the primary is, by etcd; commits wait for the standby."""

import asyncio
import time
from pathlib import Path

import pytest

from tests.cluster.haproxy import haproxy_before
from tests.cluster.patroni_node import PASSWORD
from tests.cluster.patroni_site import PatroniDrill

pytestmark = [pytest.mark.needs_tools, pytest.mark.slow]


async def test_patroni_switches_over(patroni_drill: PatroniDrill, full: bool) -> None:
    drill, patroni = patroni_drill, patroni_drill.site.patroni
    drill.start_workers(2)

    async with drill.steady_load():
        for _ in range(3 if full else 1):
            await patroni.switch_over()
            drill.faults += 1
            await drill.recovery(time.monotonic())
            await patroni.until_synchronous()

    assert (await drill.verdict()).harm == (0, 0, 0)


async def test_patroni_fails_over(patroni_drill: PatroniDrill) -> None:
    drill = patroni_drill
    drill.start_workers(2)

    async with drill.steady_load():
        await _fail_over(drill)

    assert (await drill.verdict()).harm == (0, 0, 0)


async def test_patroni_fails_over_behind_haproxy(
    patroni_drill: PatroniDrill, tmp_path: Path
) -> None:
    drill = patroni_drill
    with haproxy_before(drill.site.patroni.nodes, tmp_path) as port:
        url = f"postgresql://postgres:{PASSWORD}@127.0.0.1:{port}/postgres"
        drill.start_workers(2, DATABASE_URL=url)

        async with drill.steady_load():
            await _fail_over(drill)

        assert (await drill.verdict()).harm == (0, 0, 0)


async def _fail_over(drill: PatroniDrill) -> None:
    """The leader loses power; etcd forgets it after a while."""
    patroni = drill.site.patroni
    leader = await patroni.leader()
    (other,) = (node for node in patroni.nodes if node is not leader)
    await asyncio.to_thread(leader.kill)
    drill.faults += 1
    await patroni.until_leads(other)
    await drill.recovery(time.monotonic())
