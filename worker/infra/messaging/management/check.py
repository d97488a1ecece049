"""What `doctor` learns from the management API."""

from collections import defaultdict
from collections.abc import Awaitable, Mapping
from typing import Any

from worker.infra.check import Check
from worker.infra.durations import Durations
from worker.infra.hosts import vhost_of
from worker.infra.messaging.management.api import ManagementApi, ManagementError
from worker.infra.messaging.management.members import NAME as MEMBERS
from worker.infra.messaging.management.members import check_members
from worker.infra.messaging.management.policies import judge
from worker.infra.messaging.management.standing import (
    OVERDUE,
    STRAYS,
    check_overdue,
    check_strays,
)
from worker.infra.messaging.names import DATABASE_ARGUMENT, DEAD_LETTER_QUEUE, MAIN_QUEUE
from worker.infra.messaging.topology import QueueSpec

NOT_CHECKED = (
    "policies, bindings, alarms, limits, databases of workers, members of queues, messages that "
    "stand still (not checked: RABBITMQ_MANAGEMENT_URL is not set; on a node "
    "`rabbitmq-queues quorum_status inventory-worker` shows members)"
)
_NO_STATISTICS = "Stats in management UI are disabled"


async def check_by_management(
    api: ManagementApi,
    rabbitmq_url: str,
    queues: list[QueueSpec],
    database: str | None,
    durations: Durations,
) -> list[Check]:
    """All that the API shows of our vhost; `database` is the fingerprint of ours."""
    vhost = vhost_of(rabbitmq_url)
    retries = [queue.name for queue in queues if queue.name not in (MAIN_QUEUE, DEAD_LETTER_QUEUE)]
    age = durations.statistics_age
    return [
        await _unless_unreadable("bindings", _check_bindings(api, vhost, queues)),
        *await _check_policies(api, vhost, queues),
        await _unless_unreadable(MEMBERS, check_members(api, vhost, {q.name for q in queues})),
        await _unless_unreadable(STRAYS, check_strays(api, vhost, age)),
        await _unless_unreadable(OVERDUE, check_overdue(api, vhost, retries, age)),
        await _unless_unreadable("alarms", _check_alarms(api)),
        await _unless_unreadable("limits of the vhost", _check_limits(api, vhost)),
        await _unless_unreadable("databases of workers", _check_databases(api, vhost, database)),
    ]


async def _unless_unreadable(name: str, check: Awaitable[Check]) -> Check:
    try:
        return await check
    except ManagementError as error:
        if _NO_STATISTICS in str(error):
            return Check(f"{name} (not checked: the management API collects no statistics)", None)
        return Check(name, str(error), is_warning=True)


async def _check_bindings(api: ManagementApi, vhost: str, queues: list[QueueSpec]) -> Check:
    """Looks before the topology is declared again, and so tells what was missing."""
    found = {
        (binding["source"], binding["destination"], binding["routing_key"])
        for binding in await api.get("bindings", vhost)
    }
    existing = {queue["name"] for queue in await api.get("queues", vhost)}
    missing = [
        f"{exchange} to {queue.name} by {key}"
        for queue in queues
        if queue.name in existing
        for exchange, keys in queue.routing_keys.items()
        for key in keys
        if (exchange, queue.name, key) not in found
    ]
    if not missing:
        return Check("bindings", None)
    problem = (
        f"{', '.join(missing)} was missing and is declared again: what was published meanwhile "
        "reached no queue, ask the publishers to resend it"
    )
    return Check("bindings", problem, is_warning=True)


async def _check_policies(api: ManagementApi, vhost: str, queues: list[QueueSpec]) -> list[Check]:
    try:
        policies = await api.get("policies", vhost)
        operator = await api.get("operator-policies", vhost)
    except ManagementError as error:
        return [Check("policies", str(error), is_warning=True)]
    checks = []
    for queue in queues:
        verdict = judge(queue, policies, operator)
        name = f"policies on queue {queue.name}"
        if verdict is None:
            checks.append(Check(name, None))
        else:
            checks.append(Check(name, verdict.problem, is_warning=not verdict.is_lossy))
    return checks


async def _check_alarms(api: ManagementApi) -> Check:
    state: Mapping[str, Any] = await api.get("health", "checks", "alarms")
    alarms = [f"{alarm['resource']} on {alarm['node']}" for alarm in state.get("alarms", ())]
    if not alarms:
        return Check("alarms", None)
    return Check("alarms", f"{', '.join(alarms)}: RabbitMQ blocks publishers until it is free")


async def _check_limits(api: ManagementApi, vhost: str) -> Check:
    """Limits that are reached; RabbitMQ refuses the next connection or queue."""
    limits: dict[str, int] = {}
    for entry in await api.get("vhost-limits", vhost):
        limits.update(entry["value"])
    counts = {
        "max-connections": len(await api.get("vhosts", vhost, "connections")),
        "max-queues": len(await api.get("queues", vhost)),
    }
    reached = [
        f"{name} {limits[name]} ({count} in use)"
        for name, count in counts.items()
        if 0 <= limits.get(name, -1) <= count
    ]
    problem = f"reached: {', '.join(reached)}: raise it, rabbitmqctl set_vhost_limits"
    return Check("limits of the vhost", problem if reached else None, is_warning=True)


async def _check_databases(api: ManagementApi, vhost: str, database: str | None) -> Check:
    """Workers tell the fingerprint of their database as an argument of their consumer."""
    places: defaultdict[str, set[str]] = defaultdict(set)
    for consumer in await api.get("consumers", vhost):
        fingerprint = consumer["arguments"].get(DATABASE_ARGUMENT)
        channel = consumer["channel_details"]  # an empty list if the channel is gone
        if channel and consumer["queue"]["name"] == MAIN_QUEUE and fingerprint is not None:
            places[fingerprint].add(channel.get("peer_host", "somewhere"))
    others = [
        f"{len(hosts)} on {', '.join(sorted(hosts))}"
        for fingerprint, hosts in places.items()
        if fingerprint != database
    ]
    if database is None or not others:
        return Check("databases of workers", None)
    problem = (
        f"workers with another database or schema than this one take from the queue "
        f"({'; '.join(others)}): each gets a part of the events. Correct DATABASE_URL there; if "
        "the database was moved, restart them"
    )
    return Check("databases of workers", problem)
