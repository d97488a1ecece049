"""The servers of `compose.yaml`, as a separate project on ports that Docker chooses."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from dev.servers.errors import ServersUnavailableError

COMPOSE_FILE = Path(__file__).resolve().parents[2] / "compose.yaml"

_OVERRIDE_FILE = "compose.override.yaml"
# Merged over compose.yaml: known credentials, and only on the loopback interface.
_OVERRIDE = """\
services:
  postgres:
    environment: {POSTGRES_USER: postgres, POSTGRES_PASSWORD: dev, POSTGRES_DB: postgres}
    ports: !override ["127.0.0.1::5432"]
  rabbitmq:
    environment: {RABBITMQ_DEFAULT_USER: guest, RABBITMQ_DEFAULT_PASS: guest}
    ports: !override ["127.0.0.1::5672", "127.0.0.1::15672"]
"""


def engine_runs() -> bool:
    """Whether a Docker engine is running and there is a `compose.yaml`."""
    if shutil.which("docker") is None or not COMPOSE_FILE.exists():
        return False
    return subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0


class ComposeServers:
    """PostgreSQL and RabbitMQ in containers that belong to one run."""

    def __init__(self, folder: Path) -> None:
        """Name the project after the run's folder, so that a later run can remove it."""
        self._override_file = folder / _OVERRIDE_FILE
        files = ("-f", str(COMPOSE_FILE), "-f", str(self._override_file))
        self._command = ("docker", "compose", "-p", f"inventory-worker-{folder.name}", *files)

    def up(self, services: Sequence[str]) -> None:
        """Start the services and wait until they are healthy."""
        self._override_file.write_text(_OVERRIDE)
        self._run("up", "--detach", "--wait", *services)

    def down(self) -> None:
        """Remove the containers and their data, if there are any."""
        if self._override_file.exists():
            self._run("down", "--volumes", "--timeout", "5")

    def address(self, service: str, port: int) -> str:
        """Return the host and port on which the service's port was published."""
        return self._run("port", service, str(port)).strip()

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            [*self._command, *arguments], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise ServersUnavailableError(
                f"docker compose {arguments[0]} failed: {done.stderr.strip()}"
            )
        return done.stdout
