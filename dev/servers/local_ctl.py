"""Creates vhosts on a local RabbitMQ without the management plugin."""

import json
import os
import shutil
import subprocess

from dev.servers.errors import ServersUnavailableError


class LocalCtl:
    """Uses `rabbitmqctl`, which takes a second or two for each call."""

    def serves(self, port: int) -> bool:
        """Whether the node that `rabbitmqctl` reaches is the one that listens on the port."""
        if shutil.which("rabbitmqctl") is None:
            return False
        try:
            status = json.loads(self._run("status", "--formatter", "json"))
        except ServersUnavailableError:
            return False
        return any(listener["port"] == port for listener in status["listeners"])

    def create(self, vhost: str, user: str) -> None:
        """Create the vhost and grant the user all permissions in it."""
        self._run("add_vhost", vhost)
        self._run("set_permissions", "-p", vhost, user, ".*", ".*", ".*")

    def delete(self, vhost: str) -> None:
        """Delete the vhost with all its queues."""
        self._run("delete_vhost", vhost)

    def _run(self, *arguments: str) -> str:
        """Run `rabbitmqctl` without starting a port mapper, which would remain as a daemon."""
        done = subprocess.run(
            ["rabbitmqctl", "--silent", *arguments],
            env={**os.environ, "RABBITMQ_CTL_ERL_ARGS": "-start_epmd false"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip()
            raise ServersUnavailableError(f"rabbitmqctl {arguments[0]} failed: {said}")
        return done.stdout
