"""A drill on a RabbitMQ cluster."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus

from tests.cluster.cluster_drill import ClusterDrill
from tests.cluster.rabbitmq_cluster import RabbitMQCluster
from tests.cluster.rabbitmq_node import Node
from tests.cluster.rabbitmq_site import RabbitMQSite


@dataclass
class RabbitMQDrill(ClusterDrill[RabbitMQSite]):
    """Adds faults of nodes; RabbitMQ's programs, which take a second or two, run in threads."""

    @property
    def cluster(self) -> RabbitMQCluster:
        return self.site.cluster

    async def leader(self) -> Node:
        """The node that leads the main queue."""
        return await asyncio.to_thread(self.cluster.leader)

    async def connected_node(self) -> Node:
        """The node to which the only worker is connected."""
        (node,) = await asyncio.to_thread(self.cluster.consumed_at)
        return node

    async def fault(self, action: Callable[[], object]) -> float:
        """Does it, counts it, and returns the moment before it."""
        began = time.monotonic()
        await asyncio.to_thread(action)
        self.faults += 1
        return began

    async def lose(
        self,
        find: Callable[[], Awaitable[Node]],
        fault: Callable[[Node], object],
        *,
        times: int,
        mend: Callable[[Node], object] = Node.start,
    ) -> None:
        """Has a fault of a node under a steady load, and mends it, so many times."""
        for _ in range(times):
            node = await find()
            async with self.steady_load():
                await self.recovery(await self.fault(partial(fault, node)))
            await asyncio.to_thread(mend, node)
            await self.until_whole()

    async def until_whole(self) -> None:
        """Waits until every node is up, with all its members of the queues."""
        await self.until(lambda: asyncio.to_thread(self.cluster.is_whole), "a whole cluster")

    async def until_workers_are_ready(self) -> None:
        """Waits until each worker consumes, also one that knows a single node."""
        await self.until(lambda: asyncio.to_thread(self._are_ready), "workers that consume")

    def _are_ready(self) -> bool:
        return all(worker.status("/health/ready") == HTTPStatus.OK for worker in self.workers)
