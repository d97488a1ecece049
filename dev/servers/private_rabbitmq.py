"""A private RabbitMQ from the installed programs, separate from other nodes of this machine."""

import os
import secrets
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from dev.servers.erlang_peers import ErlangPeers
from dev.servers.errors import ServersUnavailableError
from dev.servers.ports import LOOPBACK, accepts_connections, free_port
from dev.servers.process import ServerProcess
from dev.servers.rabbitmq_programs import find_program

_START_TIMEOUT = 120.0


class PrivateRabbitMQ:
    """One node with its own name, ports and data, alone unless it is given peers."""

    def __init__(
        self,
        folder: Path,
        *,
        management: bool = False,
        statistics: bool = False,
        config: Sequence[str] = (),
        peers: ErlangPeers | None = None,
    ) -> None:
        """Prepare a node that keeps its data in the folder, with lines as in `rabbitmq.conf`.

        The management plugin makes a start half a second longer and a stop five seconds. Only
        with `statistics` it lists consumers; collecting them would affect benchmarks.
        """
        self.config = tuple(config)
        self._folder = folder
        self._management = management
        self._statistics = statistics
        self.name = f"dev-{secrets.token_hex(4)}@localhost"
        self.port = free_port()
        self._management_port, self._distribution_port = free_port(), free_port()
        self._peers = peers or ErlangPeers(folder)
        self._process: ServerProcess | None = None

    @property
    def rabbitmq_url(self) -> str:
        """The URL of the administrator and the default vhost."""
        return f"amqp://guest:guest@{LOOPBACK}:{self.port}/"

    @property
    def management_url(self) -> str:
        """The URL of the management plugin, if it was requested."""
        return f"http://guest:guest@{LOOPBACK}:{self._management_port}"

    @property
    def running(self) -> bool:
        """Whether its process is there."""
        return self._process is not None and self._process.running

    def start(self) -> None:
        """Start the node, or start it again with the same ports and data."""
        self.launch()
        self.wait_ready()

    def launch(self) -> None:
        """Begin to start, without waiting; call `wait_ready` later."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._write_configuration()
        self._peers.ensure()
        command = [str(find_program("rabbitmq-server"))]
        environment = self._environment()
        self._process = ServerProcess("rabbitmq", command, folder=self._folder, env=environment)

    def wait_ready(self) -> None:
        """Wait until the node is up: it opens its port last."""
        if self._process is not None:
            self._process.wait_until(lambda: accepts_connections(self.port), timeout=_START_TIMEOUT)

    def stop(self) -> None:
        """Shut the node down cleanly."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill the node with SIGKILL; its data stays."""
        self._end(signal.SIGKILL)

    def save_queue_names(self) -> None:
        """Make the node save the names of its queues.

        It normally does so shortly after a declaration; if it is killed before, the queue stays
        `down` (seen on 3.10.8: `could not be restarted {error,enoent}`).
        """
        self.ctl("eval", "[ok = dets:sync(Table) || Table <- dets:all()].")

    def ctl(self, *arguments: str) -> str:
        """Run `rabbitmqctl` on this node and return what it prints."""
        return self.run("rabbitmqctl", "--silent", *arguments)

    def run(self, program: str, *arguments: str) -> str:
        """Run one of RabbitMQ's programs on this node and return what it prints."""
        done = subprocess.run(
            [str(find_program(program)), *arguments],
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise ServersUnavailableError(
                f"{program} {' '.join(arguments)} failed: {(done.stderr or done.stdout).strip()}"
            )
        return done.stdout

    def _end(self, with_signal: signal.Signals) -> None:
        if self._process is not None:
            self._process.end(with_signal)

    def _write_configuration(self) -> None:
        """Write `rabbitmq.conf` only if it has lines: reading it takes the node over a second."""
        plugins = "rabbitmq_management" if self._management else ""
        (self._folder / "enabled_plugins").write_text(f"[{plugins}].\n")
        if self.config:
            self._config_file.write_text("\n".join(self.config) + "\n")

    @property
    def _config_file(self) -> Path:
        return self._folder / "rabbitmq.conf"

    def _environment(self) -> dict[str, str]:
        """The node's environment, without anything from the caller or `/etc/rabbitmq`."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LC_ALL": "C.UTF-8",
            **self._peers.environment,
            "ERL_CRASH_DUMP_SECONDS": "0",
            "RABBITMQ_NODENAME": self.name,
            "RABBITMQ_NODE_IP_ADDRESS": LOOPBACK,
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_MNESIA_BASE": str(self._folder / "data"),
            "RABBITMQ_LOG_BASE": str(self._folder / "log"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self._folder / "enabled_plugins"),
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_CONFIG_FILE": str(self._config_file),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(self._folder / "advanced.config"),
            # The start script execs the node, so that there is one process to signal.
            "RABBITMQ_ALLOW_INPUT": "1",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": self._erlang_arguments(),
        }

    def _erlang_arguments(self) -> str:
        arguments = "-noinput -kernel inet_dist_use_interface {127,0,0,1}"
        if not self._management:
            return arguments
        listener = f'[{{port,{self._management_port}}},{{ip,"{LOOPBACK}"}}]'
        arguments = f"{arguments} -rabbitmq_management tcp_config {listener}"
        if self._statistics:
            return arguments
        return f"{arguments} -rabbitmq_management_agent disable_metrics_collector true"
