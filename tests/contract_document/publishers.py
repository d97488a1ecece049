"""The publishers of `examples/publishers`, started as their readers would start them."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.conftest import ROOT

FOLDER = ROOT / "examples" / "publishers"


@dataclass(frozen=True, slots=True)
class Publisher:
    """`source` is the one that the program gives its events."""

    command: Sequence[str]
    environment: Mapping[str, str]
    source: str

    def publish(self, event_type: str, data: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.command, event_type],
            env={**os.environ, **self.environment},
            input=json.dumps(data),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )


def python(program: str, source: str, *arguments: str) -> Callable[[str], Publisher]:
    command = [sys.executable, str(FOLDER / program), *arguments]
    return lambda url: Publisher(command, {"RABBITMQ_URL": url}, source)


def node(program: str, source: str, url: str, packages: Path) -> Publisher:
    """Node looks for packages beside the program."""
    copy = shutil.copy(FOLDER / program, packages)
    return Publisher(["node", str(copy)], {"RABBITMQ_URL": url}, source)


def shell(program: str, source: str, url: str, folder: Path) -> Publisher:
    """amqp-publish takes the parts of a URL, and name and password from a file."""
    parts = urlsplit(url)
    authfile = folder / "rabbitmq.auth"
    authfile.write_text(f"username:{parts.username}\npassword:{parts.password}\n", encoding="utf-8")
    environment = {
        "AMQP_SERVER": str(parts.hostname),
        "AMQP_PORT": str(parts.port),
        "AMQP_VHOST": unquote(parts.path.removeprefix("/")),
        "AMQP_AUTHFILE": str(authfile),
    }
    return Publisher([str(FOLDER / program)], environment, source)


PYTHON = {
    "pika": python("pika_plain.py", "/examples/pika"),
    "cloudevents binary": python("pika_cloudevents.py", "/examples/cloudevents", "binary"),
    "cloudevents structured": python("pika_cloudevents.py", "/examples/cloudevents", "structured"),
}
