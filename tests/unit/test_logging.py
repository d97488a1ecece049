"""What is logged, in a process of its own: the configuration is global."""

import subprocess
import sys

import pytest

LOGS = """
import logging
from worker.infra.telemetry.logging import configure_logging

configure_logging("info", {format!r})
logging.getLogger("library").warning("lost %r", object())
"""


@pytest.mark.parametrize(
    ("format_", "line"), [("console", "lost <object>"), ("json", '"event": "lost <object>"')]
)
def test_no_address_of_an_object_is_logged(format_: str, line: str) -> None:
    code = LOGS.format(format=format_)

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert line in done.stderr
    assert " at 0x" not in done.stderr
