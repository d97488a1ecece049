"""`doctor` finds queues that lack members, and what it says to do mends them."""

import asyncio
import json
import re
import shlex
from collections.abc import AsyncIterator
from typing import Any

import pytest

from dev.servers import Servers
from dev.servers.ports import LOOPBACK, free_port
from dev.worker_process import wait_until
from tests.cluster.rabbitmq_node import Node
from tests.cluster.rabbitmq_site import RabbitMQSite
from tests.conftest import run_command
from tests.support.broker import delete_our_queues
from tests.support.retries import SHORT
from worker.infra.durations import DEFAULT_DURATIONS
from worker.infra.messaging.retry_delays import parse_retry_delays
from worker.infra.messaging.topology_repair import TopologyRepair

pytestmark = pytest.mark.slow

MANAGEMENT = "rabbitmq_management"


@pytest.fixture
async def site(rabbitmq_site: RabbitMQSite) -> AsyncIterator[RabbitMQSite]:
    """A cluster whose queues were declared while it had one node."""
    cluster, url = rabbitmq_site.cluster, rabbitmq_site.cluster.founder.rabbitmq_url
    await asyncio.to_thread(cluster.mend)
    await delete_our_queues(url)
    await asyncio.to_thread(cluster.dissolve)
    delays = parse_retry_delays(SHORT["WORKER_RETRY_DELAYS"])
    await TopologyRepair(lambda: url, delays, DEFAULT_DURATIONS).repair()
    await asyncio.to_thread(cluster.join)
    yield rabbitmq_site
    await asyncio.to_thread(cluster.mend)


async def test_doctor_finds_queues_without_members_and_how_to_add_them(site: RabbitMQSite) -> None:
    founder, *others = site.cluster.nodes
    management = _enable_management(founder)

    lacking = _doctor(site, management)
    for command in re.findall(r"`(rabbitmq-queues grow [^`]+)`", lacking["problem"]):
        founder.run(*shlex.split(command))
    grown = _once_it_says("ok", site, management)
    others[1].kill()
    down = _once_it_says("warning", site, management)
    others[1].start()

    assert lacking["verdict"] == "warning"
    for node in others:
        assert f"{node.name} has no member of inventory-worker," in lacking["problem"]
    assert grown["problem"] is None
    assert f"members on {others[1].name} are down" in down["problem"]


async def test_doctor_by_another_node_finds_queues_whose_only_member_is_down(
    site: RabbitMQSite,
) -> None:
    founder, other, _ = site.cluster.nodes
    management = _enable_management(other)
    founder.kill()

    said = _doctor(site, management, other)
    founder.start()

    assert said["verdict"] == "WRONG"
    assert "inventory-worker has 0 of 1 members online" in said["problem"]


def _enable_management(node: Node) -> str:
    """Where it is not enabled yet; returns its URL."""
    port = free_port()
    listener = f'[{{port, {port}}}, {{ip, "{LOOPBACK}"}}]'
    node.run("rabbitmq-plugins", "disable", MANAGEMENT)
    node.ctl("eval", f"application:set_env({MANAGEMENT}, tcp_config, {listener}).")
    node.run("rabbitmq-plugins", "enable", MANAGEMENT)
    return f"http://guest:guest@{LOOPBACK}:{port}"


def _once_it_says(verdict: str, site: RabbitMQSite, management: str) -> dict[str, Any]:
    """What it says of members with this verdict: RabbitMQ renews its statistics now and then."""
    said: list[dict[str, Any]] = []

    def says() -> bool:
        said.append(_doctor(site, management))
        return bool(said[-1]["verdict"] == verdict)

    wait_until(says, lambda: str(said[-1]))
    return said[-1]


def _doctor(site: RabbitMQSite, management: str, node: Node | None = None) -> dict[str, Any]:
    """What it says of members."""
    url = (node or site.cluster.founder).rabbitmq_url
    servers = Servers(site.database_url, url)
    done = run_command(servers, "doctor", "--json", **SHORT, RABBITMQ_MANAGEMENT_URL=management)
    [line] = [line for line in json.loads(done.stdout) if line["check"] == "members of queues"]
    return dict(line)
