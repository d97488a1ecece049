"""Whether each of our queues has a member on every node of a cluster.

RabbitMQ draws the members when a queue is declared, among the nodes that are up. A queue that was
declared while the cluster had one node keeps one member for good, and stops with that node. An
argument (`x-quorum-initial-group-size`) could not mend an existing queue, and would be frozen.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from worker.infra.check import Check
from worker.infra.messaging.management.api import ManagementApi
from worker.infra.messaging.names import MAIN_QUEUE

NAME = "members of queues"
LEAST_NODES = 3
"""Fewer nodes have no majority when one of them is down."""

_RECONCILIATION = "quorum_queue.continuous_membership_reconciliation"

Queue = Mapping[str, Any]


async def check_members(api: ManagementApi, vhost: str, ours: Collection[str]) -> Check:
    """One node alone is no cluster, and may have one member."""
    nodes = [str(node["name"]) for node in await api.get("nodes")]
    queues = [
        queue
        for queue in await api.get("queues", vhost)
        if queue["name"] in ours and {"members", "online"} <= queue.keys()  # of quorum queues alone
    ]
    if stopped := _without_majority(queues):
        return Check(NAME, f"{stopped}: they stand still. Start their nodes")
    problems = [*_lacking(nodes, queues, vhost), *_offline(queues), *_too_few(nodes)]
    return Check(NAME, "; ".join(problems) or None, is_warning=True)


def _without_majority(queues: Iterable[Queue]) -> str:
    counts = [(queue["name"], len(queue["online"]), len(queue["members"])) for queue in queues]
    return ", ".join(
        f"{name} has {online} of {members} members online"
        for name, online, members in counts
        if online * 2 <= members
    )


def _lacking(nodes: Sequence[str], queues: Iterable[Queue], vhost: str) -> list[str]:
    """By node, since one command for each node adds a member to all its queues."""
    lacking: defaultdict[str, list[str]] = defaultdict(list)
    for queue in queues:
        for node in set(nodes).difference(queue["members"]):
            lacking[node].append(queue["name"])
    if not lacking:
        return []
    told = [f"{node} has no member of {', '.join(lacking[node])}" for node in sorted(lacking)]
    scope = f'--vhost-pattern "^{vhost}$" --queue-pattern "^{MAIN_QUEUE}"'
    grow = [f"`rabbitmq-queues grow {node} all {scope}`" for node in sorted(lacking)]
    itself = f"`{_RECONCILIATION}.enabled = true` and `….target_group_size = {len(nodes)}`"
    remedy = f"{' and '.join(grow)}, or set from RabbitMQ 3.13 on {itself}"
    return [f"{'; '.join(told)}: they stop sooner than the cluster. Run {remedy}"]


def _offline(queues: Iterable[Queue]) -> list[str]:
    down = {node for queue in queues for node in set(queue["members"]).difference(queue["online"])}
    if not down:
        return []
    return [f"members on {', '.join(sorted(down))} are down: start the node before another stops"]


def _too_few(nodes: Sequence[str]) -> list[str]:
    if len(nodes) in range(2, LEAST_NODES):
        return ["a cluster of two nodes stops when one is down: add a third"]
    return []
