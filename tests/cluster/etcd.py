"""Where Patroni keeps who the leader is."""

import signal
from pathlib import Path

from dev.servers.ports import LOOPBACK, accepts_connections, free_port
from dev.servers.process import ServerProcess
from tests.cluster.programs import find_or_skip


class Etcd:
    """One node: its own failure is not what these drills are about."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port, self._peer_port = free_port(), free_port()
        self._process: ServerProcess | None = None

    def start(self) -> None:
        clients, peers = (f"http://{LOOPBACK}:{port}" for port in (self.port, self._peer_port))
        options = {
            "data-dir": str(self._folder / "etcd"),
            "listen-client-urls": clients,
            "advertise-client-urls": clients,
            "listen-peer-urls": peers,
            "initial-advertise-peer-urls": peers,
            "initial-cluster": f"default={peers}",
        }
        command = [find_or_skip("etcd"), *(f"--{name}={value}" for name, value in options.items())]
        self._process = ServerProcess("etcd", command, folder=self._folder, env={"LC_ALL": "C"})
        self._process.wait_until(lambda: accepts_connections(self.port), timeout=60)

    def end(self) -> None:
        if self._process is not None:
            self._process.end(signal.SIGKILL)
