"""Nothing that the worker says, at its most talkative, holds a password or a body."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from dev.servers import Servers
from dev.servers.ports import free_port
from dev.worker_process import WorkerProcess
from tests.conftest import run_command
from tests.security.rights import PASSWORD, RestrictedUrls
from tests.support.broker import connect
from tests.support.car_events import creation, of_a_type_to_come
from tests.support.histories import CREATED, random_history

SECRET = PASSWORD.partition("@")[2]  # whole in both forms, plain and percent-encoded
TALKATIVE = {"WORKER_LOG_LEVEL": "debug", "WORKER_STARTUP_TIMEOUT": "0.5"}
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"

Break = Callable[[str], str]


def _with_wrong_password(url: str) -> str:
    parts = urlsplit(url)
    user, where = parts.username, parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{user}:wrong-{SECRET}@{where}").geturl()


def _where_nobody_listens(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=f"{parts.netloc.rpartition(':')[0]}:{free_port()}").geturl()


def _on_a_host_without_a_name(url: str) -> str:
    parts = urlsplit(url)
    user = parts.netloc.rpartition("@")[0]
    return parts._replace(netloc=f"{user}@no-such-host.invalid").geturl()


@pytest.mark.parametrize(
    "broken", [_with_wrong_password, _where_nobody_listens, _on_a_host_without_a_name]
)
@pytest.mark.parametrize("server", ["database", "broker"])
def test_no_password_is_said_where_a_server_does_not_let_us_in(
    server: str, broken: Break, restricted: RestrictedUrls
) -> None:
    database_url, rabbitmq_url = restricted.run, restricted.worker
    if server == "database":
        database_url, commands = broken(database_url), ("run", "doctor", "catalog stats")
    else:
        rabbitmq_url, commands = broken(rabbitmq_url), ("run", "doctor", "dlq replay --all")

    for command in commands:
        done = run_command(Servers(database_url, rabbitmq_url), *command.split(), **TALKATIVE)

        assert done.returncode == 1, command
        assert SECRET not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("log_format", ["json", "console"])
async def test_a_failed_message_is_one_line_and_a_good_one_none(
    log_format: str, restricted: RestrictedUrls, tmp_path: Path
) -> None:
    history = random_history(random.Random(5), cars=3, events=30, prefix=f"good-{log_format}-")
    good = sorted(history, key=lambda event: event.type != CREATED)
    to_come = of_a_type_to_come("kept-in-the-body")
    bad = replace(to_come, message_id=f"bad-{log_format}")
    log = tmp_path / "worker.log"
    worker = WorkerProcess(
        restricted.run,
        restricted.worker,
        log,
        {**TALKATIVE, "WORKER_STARTUP_TIMEOUT": "60", "WORKER_LOG_FORMAT": log_format},
    )
    with worker:
        async with connect(restricted.publisher) as publisher:
            await publisher.publish([*good, bad], traceparent=f"00-{TRACE_ID}-b7ad6b7169203331-01")
        worker.wait_results(len(good) + 1)
        worker.end_in_good_order()

    about_messages = [line for line in worker.log.splitlines() if f"-{log_format}" in line]
    assert len(about_messages) == 4, "three retries and a dead letter"
    assert all("message failed" in line for line in about_messages)
    assert SECRET not in worker.log
    assert "kept-in-the-body" not in worker.log
    assert "good-" not in worker.log


async def test_a_line_of_json_tells_programs_what_failed(
    restricted: RestrictedUrls, tmp_path: Path
) -> None:
    log = tmp_path / "worker.log"
    worker = WorkerProcess(restricted.run, restricted.worker, log, {"WORKER_LOG_FORMAT": "json"})
    with worker:
        async with connect(restricted.publisher) as publisher:
            bad = replace(creation("MX-2", year=2021), message_id="bad-for-programs")
            sent = [creation("MX-2"), bad]
            await publisher.publish(sent, traceparent=f"00-{TRACE_ID}-b7ad6b7169203331-01")
        worker.wait_results(2)
        worker.end_in_good_order()

    lines = [json.loads(line) for line in worker.log.splitlines()]
    failed = [line for line in lines if line["event"] == "message failed"]
    del failed[-1]["timestamp"]
    assert failed[-1] == {
        "event": "message failed",
        "level": "warning",
        "message_id": "bad-for-programs",
        "type": CREATED,
        "car_id": "MX-2",
        "trace_id": TRACE_ID,
        "outcome": "car-already-exists",
        "detail": failed[-1]["detail"],
        "moved_to": "inventory-worker.dead-letters",
    }
    assert [line["event"] for line in lines if line["level"] == "info"] == [
        "starting",
        "consuming",
        "connected for publishing",
        "stopped",
    ]
