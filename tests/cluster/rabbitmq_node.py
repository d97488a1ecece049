"""One node of a RabbitMQ cluster, and what can be done to it."""

import json
import signal
from pathlib import Path
from typing import Any

from dev.servers import PrivateRabbitMQ
from dev.servers.erlang_peers import ErlangPeers
from dev.servers.ports import accepts_connections

_PARTITIONS = "cluster_partition_handling = pause_minority"
_REPUBLISH_EXPIRED = " -rabbit dead_letter_worker_publisher_confirm_timeout 20000"
"""Milliseconds; has no name in `rabbitmq.conf`. With 3 minutes, the default, a message whose retry
delay ended while the main queue had no leader waits for up to 6 minutes in the retry queue."""


_RETURN_DELIVERIES = " -rabbit consumer_disconnected_timeout 5000"
"""Milliseconds; `consumer_disconnected_timeout` in `rabbitmq.conf` of RabbitMQ 4.3, older ones know
no such time. With its default what was delivered by a killed node comes again after a minute."""


class Node(PrivateRabbitMQ):
    """A node that others may join."""

    def __init__(self, folder: Path, peers: ErlangPeers) -> None:
        super().__init__(folder, config=(_PARTITIONS,), peers=peers)
        self._frozen = False

    @property
    def running(self) -> bool:
        """Whether there is a process, frozen or not."""
        return self._process is not None and self._process.running

    @property
    def answers(self) -> bool:
        """Whether clients find it: a frozen node accepts connections, and says nothing."""
        return self.running and not self._frozen and accepts_connections(self.port)

    def freeze(self) -> None:
        """SIGSTOP: to the others it is silent, not gone."""
        self._send(signal.SIGSTOP)
        self._frozen = True

    def thaw(self) -> None:
        self._send(signal.SIGCONT)
        self._frozen = False

    def rows(self, *arguments: str) -> list[dict[str, Any]]:
        """What a `list_…` command prints."""
        return list(json.loads(self.ctl(*arguments, "--formatter", "json") or "[]"))

    def join(self, founder: "Node") -> None:
        """Becomes a member of the other's cluster, and forgets what it has."""
        for step in (("stop_app",), ("join_cluster", founder.name), ("start_app",)):
            self.ctl(*step)

    def leave(self) -> None:
        """Becomes a cluster of one, without data."""
        for step in ("stop_app", "reset", "start_app"):
            self.ctl(step)

    def cut_off_from(self, others: list["Node"]) -> None:
        """Ends the connections to them, and refuses new ones: the cookies differ from now on."""
        self._evaluate(
            f"erlang:set_cookie('{other.name}', 'CUT'), erlang:disconnect_node('{other.name}')"
            for other in others
        )

    def meet_again(self, others: list["Node"]) -> None:
        cookie = self._peers.cookie
        self._evaluate(
            f"erlang:set_cookie('{other.name}', '{cookie}'), net_adm:ping('{other.name}')"
            for other in others
        )

    def _evaluate(self, expressions: Any) -> None:
        self.ctl("eval", ", ".join([*expressions, "ok"]) + ".")

    def _erlang_arguments(self) -> str:
        return super()._erlang_arguments() + _REPUBLISH_EXPIRED + _RETURN_DELIVERIES

    def _send(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send(number)
