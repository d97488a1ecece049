"""Finds RabbitMQ's programs."""

import os
import shutil
from pathlib import Path

from dev.servers.errors import ServersUnavailableError

# Distributions keep the real programs here; their wrappers on the PATH require their own user.
_DISTRIBUTION_FOLDER = "/usr/lib/rabbitmq/bin"


def find_program(name: str) -> Path:
    """Find one of RabbitMQ's programs, or say what to install.

    `TEST_RABBITMQ_PROGRAMS` names the folder of another version's.
    """
    folder = Path(os.environ.get("TEST_RABBITMQ_PROGRAMS", _DISTRIBUTION_FOLDER))
    for candidate in (folder / name, shutil.which(name)):
        if candidate is not None and Path(candidate).exists():
            return Path(candidate)
    raise ServersUnavailableError(
        "RabbitMQ is not installed: install the package rabbitmq-server, start Docker,"
        " or set TEST_RABBITMQ_URL to a RabbitMQ that tests may use."
    )
