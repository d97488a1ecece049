"""Three RabbitMQ nodes on this machine."""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from dev.servers.erlang_peers import ErlangPeers
from tests.cluster.rabbitmq_node import Node
from tests.support.broker import MAIN

SIZE = 3


class RabbitMQCluster:
    """Nodes with a port mapper and a cookie of their own; several clusters can run at a time."""

    def __init__(self, folder: Path) -> None:
        peers = ErlangPeers(folder / "home")
        self.nodes = [Node(folder / f"rabbit{i + 1}", peers) for i in range(SIZE)]
        self._alone = self.nodes[1:]
        self._apart: Node | None = None

    @property
    def founder(self) -> Node:
        return self.nodes[0]

    @property
    def usable(self) -> list[Node]:
        """The nodes through which a client reaches the queues."""
        return [node for node in self.nodes if node is not self._apart and node.answers]

    @property
    def url(self) -> str:
        """A URL with all nodes, as a worker gets it."""
        hosts = ",".join(
            urlsplit(node.rabbitmq_url).netloc.rpartition("@")[2] for node in self.nodes
        )
        return f"amqp://guest:guest@{hosts}/"

    def start(self) -> None:
        for node in self.nodes:
            node.launch()
        for node in self.nodes:
            node.wait_ready()
        self.join()

    def join(self) -> None:
        """Makes one cluster of the nodes that are alone."""
        for node in self._alone:
            node.join(self.founder)
        self._alone = []

    def dissolve(self) -> None:
        """Leaves the founder alone. There must be no queue with members on the other nodes."""
        self._alone = self.nodes[1:]
        for node in self._alone:
            node.leave()

    def others(self, than: Node) -> list[Node]:
        return [node for node in self.nodes if node is not than]

    def cut_off(self, node: Node) -> None:
        """A partition: the node and the other two do not hear each other."""
        self._apart = node
        node.cut_off_from(self.others(node))

    def heal(self) -> None:
        """Ends the partition."""
        for node in self.nodes:
            node.meet_again(self.others(node))
        self._apart = None

    def mend(self) -> None:
        """Undoes what a drill left: each node runs, hears the others, and is a member."""
        for node in self.nodes:
            if not node.running:
                node.launch()
            node.thaw()
        for node in self.nodes:
            node.wait_ready()
        if self._apart:
            self.heal()
        self.join()

    def ctl(self, *arguments: str) -> str:
        return self.usable[0].ctl(*arguments)

    def is_whole(self) -> bool:
        """Whether each node is up, and each queue has an up-to-date view of all its members."""
        if len(self.usable) < SIZE:
            return False
        queues = self.usable[0].rows("list_queues", "name", "members", "online")
        return all(len(queue["online"]) == len(queue["members"]) for queue in queues)

    def members(self) -> dict[str, Sequence[str]]:
        """The members of each queue."""
        queues = self.usable[0].rows("list_queues", "name", "members")
        return {queue["name"]: queue["members"] for queue in queues}

    def leader(self, queue: str = MAIN) -> Node:
        queues = self.usable[0].rows("list_queues", "name", "leader")
        return self._named(next(row["leader"] for row in queues if row["name"] == queue))

    def consumed_at(self, queue: str = MAIN) -> list[Node]:
        """The nodes to which the consumers of a queue are connected."""
        consumers = self.ctl("list_consumers", "queue_name", "channel_pid").splitlines()
        pids = [
            pid for name, _, pid in (line.partition("\t") for line in consumers) if name == queue
        ]
        return [node for node in self.nodes for pid in pids if pid.startswith(f"<{node.name}.")]

    def _named(self, name: str) -> Node:
        return next(node for node in self.nodes if node.name == name)
