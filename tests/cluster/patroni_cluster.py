"""Two PostgreSQL that Patroni keeps as a synchronous pair."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from dev.servers.ports import LOOPBACK
from tests.cluster.etcd import Etcd
from tests.cluster.patroni_node import PASSWORD, PatroniNode

_PATIENCE_SECONDS = 90
_LOOK_AGAIN_SECONDS = 0.1


class PatroniCluster:
    """Etcd says who leads; `leader` is whom Patroni names now."""

    def __init__(self, folder: Path) -> None:
        self._etcd = Etcd(folder)
        self.nodes = [PatroniNode(folder, name, self._etcd.port) for name in ("p1", "p2")]

    @property
    def url_of_both(self) -> str:
        hosts = ",".join(f"{LOOPBACK}:{node.port}" for node in self.nodes)
        options = "target_session_attrs=primary"
        return f"postgresql://postgres:{PASSWORD}@{hosts}/postgres?{options}"

    async def start(self) -> None:
        await asyncio.to_thread(self._etcd.start)
        first, second = self.nodes
        first.start()
        await self._until(lambda: first.answers("/primary"), "a leader")
        second.start()
        await self.until_synchronous()

    def end(self) -> None:
        for node in self.nodes:
            node.kill()
        self._etcd.end()

    async def leader(self) -> PatroniNode:
        leaders: list[PatroniNode] = []

        def found() -> bool:
            leaders[:] = [node for node in self.nodes if node.answers("/primary")]
            return bool(leaders)

        await self._until(found, "a leader")
        return leaders[0]

    async def switch_over(self) -> None:
        """An operator's `patronictl switchover`; returns when the other node leads."""
        leader = await self.leader()
        (other,) = (node for node in self.nodes if node is not leader)
        roles = {"leader": leader.name, "candidate": other.name}
        await asyncio.to_thread(leader.post, "/switchover", roles)
        await self.until_leads(other)

    async def until_leads(self, node: PatroniNode) -> None:
        await self._until(lambda: node.answers("/primary"), f"{node.name} as leader")

    async def until_synchronous(self) -> None:
        """Without a synchronous standby Patroni would not fail over."""
        await self._until(
            lambda: any(node.answers("/sync") for node in self.nodes), "a synchronous standby"
        )

    async def _until(self, condition: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while not await asyncio.to_thread(condition):  # noqa: ASYNC110 - the servers send no event
                    await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        except TimeoutError:
            words = "\n\n".join(node.last_words() for node in self.nodes)
            raise AssertionError(f"waited in vain for {what}\n{words}") from None
