"""Finds a policy that counts looks at dead letters against them."""

from collections.abc import Mapping
from typing import Any

from worker.infra.hosts import vhost_of
from worker.infra.messaging.management.api import ManagementApi, ManagementError
from worker.infra.messaging.management.policies import judge
from worker.infra.messaging.names import DEAD_LETTER_QUEUE
from worker.infra.messaging.topology import queue_specs

_COUNTING = "delivery-limit"


async def find_wear(api: ManagementApi, rabbitmq_url: str) -> str | None:
    """What the policy does; None if there is none, or the API does not tell."""
    vhost = vhost_of(rabbitmq_url)
    [dead_letters] = [spec for spec in queue_specs(()) if spec.name == DEAD_LETTER_QUEUE]
    try:
        policies = await api.get("policies", vhost)
        operator = await api.get("operator-policies", vhost)
    except ManagementError:
        return None
    verdict = judge(dead_letters, _counting(policies), _counting(operator))
    return None if verdict is None else verdict.problem


def _counting(policies: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """All policies, with what they say of deliveries alone: the others still come before it."""
    return [
        {**policy, "definition": {k: v for k, v in policy["definition"].items() if k == _COUNTING}}
        for policy in policies
    ]
