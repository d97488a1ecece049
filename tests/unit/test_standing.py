"""What counts of RabbitMQ say of messages that nobody is at, and of members."""

from collections import Counter
from typing import Any, cast

import pytest

from worker.infra.messaging.amqp.queue_counts import QueueCounts
from worker.infra.messaging.consuming.lookout import Wedge, judge
from worker.infra.messaging.management.api import ManagementApi
from worker.infra.messaging.management.members import check_members
from worker.infra.messaging.management.standing import LOOKS, least_of

A, B, C = "rabbit@a", "rabbit@b", "rabbit@c"


class Api:
    """Answers with these documents, by the first part of the path."""

    def __init__(self, **documents: Any) -> None:
        self._documents = documents

    async def get(self, *path: str) -> Any:
        return self._documents[path[0]]


def cluster(nodes: list[str], **queues: tuple[list[str], list[str]]) -> ManagementApi:
    documents = {
        "nodes": [{"name": node} for node in nodes],
        "queues": [
            {"name": name, "members": members, "online": online}
            for name, (members, online) in queues.items()
        ],
    }
    return cast("ManagementApi", Api(**documents))


@pytest.mark.parametrize(
    ("counts", "held", "wedge"),
    [
        (QueueCounts(ready=0, consumers=1), 0, None),
        (QueueCounts(ready=0, consumers=0), 0, Wedge.NO_CONSUMER),
        (QueueCounts(ready=3, consumers=0), 2, Wedge.NO_CONSUMER),
        (QueueCounts(ready=3, consumers=1), 2, Wedge.NOT_HELD),
        (QueueCounts(ready=3, consumers=1), 0, Wedge.NOT_DELIVERED),
    ],
)
def test_an_idle_subscription_is_judged_by_what_rabbitmq_counts(
    counts: QueueCounts, held: int, wedge: Wedge | None
) -> None:
    assert judge(counts, held) is wedge


async def test_only_what_every_look_sees_stands_still() -> None:
    looks = iter([Counter(a=5, b=1, c=-2), Counter(a=3, c=4), Counter(a=4, b=9)])

    async def count() -> Counter[str]:
        return next(looks)

    assert await least_of(count, 0.001) == Counter(a=3)


async def test_where_the_first_look_sees_nothing_nobody_looks_again() -> None:
    looks = iter([Counter(a=0, b=-1)])

    async def count() -> Counter[str]:
        return next(looks)

    assert LOOKS > 1
    assert not await least_of(count, 0.001)


@pytest.mark.parametrize(
    ("nodes", "members", "online", "told"),
    [
        ([A], [A], [A], None),
        ([A, B, C], [A, B, C], [C, B, A], None),
        ([A, B, C], [A], [A], f"{B} has no member of ours; {C} has no member of ours"),
        ([A, B, C], [A, B, C], [A, B], f"members on {C} are down"),
        ([A, B], [A, B], [A, B], "a cluster of two nodes stops when one is down"),
    ],
)
async def test_members_are_missed_on_each_node(
    nodes: list[str], members: list[str], online: list[str], told: str | None
) -> None:
    api = cluster(nodes, ours=(members, online), other=([A], [A]))

    check = await check_members(api, "/", ["ours"])

    assert check.is_warning
    assert check.problem is None if told is None else told in str(check.problem)


async def test_a_queue_without_members_is_left_to_the_check_of_its_arguments() -> None:
    """A classic queue, which somebody else declared."""
    api = cast("ManagementApi", Api(nodes=[{"name": A}], queues=[{"name": "ours"}]))

    assert (await check_members(api, "/", ["ours"])).problem is None


@pytest.mark.parametrize("online", [[], [A]])
async def test_a_queue_without_a_majority_stands_still(online: list[str]) -> None:
    api = cluster([A, B, C], ours=([A, B], online))

    check = await check_members(api, "/", ["ours"])

    assert not check.is_warning
    assert f"ours has {len(online)} of 2 members online: they stand still" in str(check.problem)
