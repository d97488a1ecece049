"""What a command imports before it does anything: most of the time that starting takes."""

import json
import subprocess
import sys

import pytest

from tests.conftest import ROOT

SERVER_LIBRARIES = {
    *("aio_pika", "aiormq", "alembic", "asyncpg", "faststream", "opentelemetry"),
    *("jinja2", "prometheus_client", "sqlalchemy", "starlette", "uvicorn"),
}

_RUN = """
import json, sys
from worker.cli import main
try:
    main()
except SystemExit as end:
    code = end.code
print("\\n" + json.dumps([code, sorted(sys.modules)]))
"""

COMMANDS = [
    *("run", "migrate", "publish", "validate", "message", "doctor", "contract"),
    *("pause", "resume", "status", "console", "console-user"),
    *("catalog", "catalog search", "catalog show", "catalog stats"),
    *("catalog awaiting", "catalog forget"),
    *("dlq", "dlq list", "dlq show", "dlq replay", "dlq discard"),
    *("dlq export", "dlq import", "dlq audit"),
]


@pytest.mark.parametrize(
    "arguments",
    ["--help", "--version", "contract", "validate examples/events.jsonl"]
    + [f"{command} --help" for command in COMMANDS],
)
def test_what_asks_no_server_imports_no_server_library(arguments: str) -> None:
    code, modules = _imports_of(*arguments.split())

    assert code in {0, 1}
    assert SERVER_LIBRARIES.intersection(modules) == set()


def _imports_of(*arguments: str) -> tuple[int, list[str]]:
    done = subprocess.run(
        [sys.executable, "-c", _RUN, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    code, modules = json.loads(done.stdout.splitlines()[-1])
    return code or 0, modules
