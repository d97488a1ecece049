"""Make sure that `start_servers` finds a RabbitMQ; the second half of `make setup`."""

import os
import sys

from dev import apt
from dev.servers import ServersUnavailableError
from dev.servers.compose import engine_runs
from dev.servers.rabbitmq_programs import find_program


def main() -> None:
    """Install RabbitMQ if there is none."""
    if os.environ.get("TEST_RABBITMQ_URL"):
        return
    try:
        find_program("rabbitmq-server")
    except ServersUnavailableError as error:
        if engine_runs():
            return
        if not apt.works_unattended():
            sys.exit(str(error))
        apt.install("rabbitmq-server", service="rabbitmq-server")


if __name__ == "__main__":
    main()
