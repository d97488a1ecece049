"""Messages that stand still at the broker although nothing of ours has them in hand.

The numbers come from several of RabbitMQ's tables, each some seconds old. So a number counts only
as far as several looks agree: the least of them.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from worker.infra.check import Check
from worker.infra.messaging.management.api import ManagementApi, ManagementError
from worker.infra.messaging.names import DATABASE_ARGUMENT, MAIN_QUEUE

LOOKS = 3

OVERDUE = "retries in time"
STRAYS = "unacknowledged messages"

T = TypeVar("T")

Count = Callable[[], Awaitable[Counter[T]]]


async def count_overdue(api: ManagementApi, vhost: str, retries: Collection[str]) -> Counter[str]:
    """By retry queue: messages whose time is over, and that RabbitMQ could not pass on."""
    return Counter(
        {
            queue["name"]: queue["messages"]
            - queue["messages_ready"]
            - queue["messages_unacknowledged"]
            for queue in await api.get("queues", vhost)
            if queue["name"] in retries and "messages" in queue
        }
    )


async def count_strays(api: ManagementApi, vhost: str) -> Counter[str]:
    """Unacknowledged messages of the main queue on channels of no worker, by who has them.

    Without a name are those that no consumer has: a client took them one by one, or the consumer
    is gone.
    """
    queue = await api.get("queues", vhost, MAIN_QUEUE)
    consumers = [c for c in await api.get("consumers", vhost) if c["queue"]["name"] == MAIN_QUEUE]
    held = await _unacknowledged_by_channel(api, vhost)
    strays: Counter[str] = Counter()
    left = queue.get("messages_unacknowledged", 0)
    for channel, consumer in {_channel(c): c for c in consumers}.items():
        left -= held[channel]
        if DATABASE_ARGUMENT not in consumer["arguments"]:
            strays[_peer(consumer)] += held[channel]
    strays[""] = left
    return strays


async def count_held(api: ManagementApi, vhost: str, consumer_tag: str) -> int:
    """Unacknowledged messages on the channel of this consumer; 0 if the API does not tell."""
    with suppress(ManagementError):
        for consumer in await api.get("consumers", vhost):
            if consumer["consumer_tag"] == consumer_tag:
                return (await _unacknowledged_by_channel(api, vhost))[_channel(consumer)]
    return 0


async def least_of(count: Count[T], pause: float) -> Counter[T]:
    """The least that each look saw; one look where it sees nothing."""
    least = +await count()
    for _ in range(LOOKS - 1):
        if not least:
            break
        await asyncio.sleep(pause)
        least &= +await count()
    return least


async def check_overdue(
    api: ManagementApi, vhost: str, retries: Collection[str], pause: float
) -> Check:
    """Tells what a retry queue keeps."""
    overdue = await least_of(lambda: count_overdue(api, vhost, retries), pause)
    told = ", ".join(f"{queue} keeps {count}" for queue, count in sorted(overdue.items()))
    problem = (
        f"{told} after their time: a binding was missing (then they come within minutes), or the "
        "leader of the queue is stuck: move it, see docs/operations.md, messages that stand still"
    )
    return Check(OVERDUE, problem if overdue else None, is_warning=True)


async def check_strays(api: ManagementApi, vhost: str, pause: float) -> Check:
    """Tells who has messages of ours."""
    strays = await least_of(lambda: count_strays(api, vhost), pause)
    told = ", ".join(f"{count} by {who or 'no consumer'}" for who, count in strays.items())
    problem = (
        f"held by no worker: {told}. They come back once that connection is closed "
        "(rabbitmqctl close_connection), see docs/operations.md, messages that stand still"
    )
    return Check(STRAYS, problem if strays else None, is_warning=True)


async def _unacknowledged_by_channel(api: ManagementApi, vhost: str) -> Counter[str]:
    channels = await api.get("vhosts", vhost, "channels")
    return Counter({c["name"]: c.get("messages_unacknowledged", 0) for c in channels})


def _channel(consumer: Mapping[str, Any]) -> str:
    return str(consumer["channel_details"].get("name"))


def _peer(consumer: Mapping[str, Any]) -> str:
    """`127.0.0.1:40312 -> 127.0.0.1:5672`, the connection's name at the broker."""
    return f"connection {consumer['channel_details'].get('connection_name', 'somewhere')}"
