"""What lets Erlang nodes find and trust each other: a port mapper (epmd) and a cookie."""

import os
import secrets
from pathlib import Path

from dev.servers.ports import LOOPBACK, accepts_connections, free_port
from dev.servers.process import ServerProcess
from dev.servers.rabbitmq_programs import find_program

_START_TIMEOUT = 30.0


class ErlangPeers:
    """A port mapper and a cookie of our own, apart from other nodes of this machine."""

    def __init__(self, folder: Path) -> None:
        """Prepare them in the folder, which becomes the home of whoever uses them."""
        self._folder = folder
        self._port = free_port()
        self._epmd: ServerProcess | None = None
        self.cookie = secrets.token_hex(10).upper()

    @property
    def environment(self) -> dict[str, str]:
        """Variables for a node, or for a program that talks to one."""
        return {
            "HOME": str(self._folder),
            "ERL_EPMD_PORT": str(self._port),
            "ERL_EPMD_ADDRESS": LOOPBACK,
        }

    def ensure(self) -> None:
        """Start the port mapper as a child: one that Erlang starts is a daemon that remains."""
        if self._epmd is not None and self._epmd.running:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        cookie_file = self._folder / ".erlang.cookie"
        if not cookie_file.exists():
            cookie_file.write_text(self.cookie)
            cookie_file.chmod(0o400)
        command = [str(find_program("epmd")), "-port", str(self._port), "-address", LOOPBACK]
        environment = {"PATH": os.environ.get("PATH", os.defpath), **self.environment}
        self._epmd = ServerProcess("epmd", command, folder=self._folder, env=environment)
        self._epmd.wait_until(lambda: accepts_connections(self._port), timeout=_START_TIMEOUT)
