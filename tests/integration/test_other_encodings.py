"""A terminal or a pipe that is not UTF-8 costs characters, and nothing else."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dev.servers import Servers
from tests.conftest import ROOT, StartWorker
from tests.support.broker import Broker
from tests.support.histories import CREATED, Event
from tests.support.retries import SHORT

ENCODINGS = {
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
    "the C locale": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}
TO_COME = "inventory.price-changed.v2"
PRICE = {"price_mxn": "1.00", "occurred_at": "2026-01-01T00:00:00Z"}
CAR = {"car_id": "c-2", "make": "ŠKODA", "model": "León 😀", "year": 2024, **PRICE}
TABLES = {
    "--help": 0,
    "catalog search --make ŠKODA": 0,
    "dlq show žádná": 0,
}
ALL = {
    **TABLES,
    "--no-such-option-š": 2,
    "doctor": 0,
    "catalog show š": 2,
    "message první": 0,
    "dlq list": 0,
    "dlq audit": 0,
    "contract": 0,
    "publish no-such-file-š": 2,
}
JSON = {
    "catalog search --make ŠKODA --json": 0,
    "message první --json": 0,
    "dlq list --json": 0,
    "dlq export": 0,
    "contract --format json": 0,
}

Done = subprocess.CompletedProcess[bytes]
Run = Callable[..., Done]


@pytest.fixture
def run(empty: Servers) -> Run:
    """Runs a command; its arguments are UTF-8, as they come from other programs."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG", "PYTHONUTF8"))}
    urls = {"DATABASE_URL": empty.database_url, "RABBITMQ_URL": empty.rabbitmq_url}

    def run(*arguments: str, encoding: str = "the C locale", **options: Any) -> Done:
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        command = [sys.executable, "-m", "worker", *arguments]
        environment = {**kept, **urls, **SHORT, **ENCODINGS[encoding]}
        return subprocess.run(
            command, env=environment, cwd=ROOT, check=False, timeout=60, **streams
        )

    return run


@pytest.fixture
async def filled(start_worker: StartWorker, broker: Broker) -> None:
    """A car and a dead letter whose texts are not ASCII, logged in the C locale."""
    worker = start_worker(**SHORT, **ENCODINGS["the C locale"])
    dead = Event(TO_COME, "/č", "žádná", {"car_id": "c-1", **PRICE})
    await broker.publish([Event(CREATED, "/č", "první", CAR), dead])
    worker.wait_results(2)
    assert worker.terminate() == 0
    assert "message_id=\\u017e\\u00e1dn\\u00e1 moved_to=inventory-worker.dead-letters" in worker.log
    assert "Traceback" not in worker.log


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_commands_end_as_they_do_elsewhere(encoding: str, run: Run) -> None:
    others = ALL if encoding == "the C locale" else TABLES
    for command, code in {**others, **JSON}.items():
        done = run(*command.split(), encoding=encoding)

        assert b"Traceback" not in done.stderr, (command, done.stderr.decode("latin-1"))
        assert done.returncode == code, (command, done.stderr.decode("latin-1"))
        if command in JSON:
            document = json.loads(done.stdout.decode("latin-1"))
            if command.startswith("catalog search"):
                [car] = document["cars"]
                assert (car["make"], car["model"]) == ("ŠKODA", "León 😀")


def test_a_wrong_event_is_told(run: Run, tmp_path: Path) -> None:
    wrong = tmp_path / "špatná.jsonl"
    wrong.write_text('{"type": "š", "message_id": "ž", "data": {"č": "ř"}}\n', "utf-8")

    for command in ("validate --json", "publish"):
        done = run(*command.split(), str(wrong))

        assert done.returncode == 1
        assert b"\\u0161" in done.stdout + done.stderr
        assert b"Traceback" not in done.stderr


@pytest.mark.usefixtures("filled")
def test_a_terminal_shows_what_it_can(run: Run) -> None:
    """A progress bar and a table."""
    ours, theirs = pty.openpty()
    try:
        done = run("dlq", "replay", "--all", "--by", "š", stdout=theirs, stderr=theirs)
        shown = os.read(ours, 100_000)
    finally:
        os.close(ours)
        os.close(theirs)

    assert b"Traceback" not in shown
    assert done.returncode == 0, shown


def test_a_closed_output_ends_without_a_traceback(run: Run) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    try:
        closed = [run(*command.split(), stdout=theirs) for command in ("contract", "doctor --json")]
    finally:
        os.close(theirs)

    assert [done.returncode for done in closed] == [1, 1]
    assert not any(b"Traceback" in done.stderr for done in closed)
