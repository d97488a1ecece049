import asyncio
import json
import os
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any

import pytest
from faststream.rabbit import RabbitBroker

from dev.servers import Servers
from tests.conftest import run_command
from tests.dlq.dead_letters import DeadLetterQueue, settings_of
from tests.support import forked_commands
from tests.support.forked_commands import ForkedCommand
from worker.dead_letters.dead_letters import DeadLetters
from worker.infra.durations import Durations
from worker.infra.messaging.retry_delays import parse_retry_delays
from worker.infra.messaging.topology import declare_topology

RETRY_DELAYS = "100ms,200ms,400ms"

Dlq = Callable[..., subprocess.CompletedProcess[str]]
DlqJson = Callable[..., Any]
StartDlq = Callable[..., ForkedCommand]
Operator = Callable[..., DeadLetters]

SHORT = Durations(browse_silence=0.2, drain_pause=0.1, outcome_poll=0.05, outcome_patience=5.0)


class Progress:
    """Notes how a change goes on, and tells when it has begun."""

    def __init__(self) -> None:
        self.stop = asyncio.Event()
        self.total = self.done = 0
        self.step = ""
        self._has_started = asyncio.Event()

    def started(self, verb: str, total: int) -> None:
        assert verb
        self.total = total
        self._has_started.set()

    def advanced(self, count: int) -> None:
        self.done += count

    def told(self, step: str) -> None:
        self.step = step

    async def wait_started(self) -> None:
        async with asyncio.timeout(30):
            await self._has_started.wait()


@pytest.fixture
def dlq(empty: Servers) -> Dlq:
    """Runs a command on dead letters."""
    return partial(run_command, empty, "dlq", WORKER_RETRY_DELAYS=RETRY_DELAYS)


@pytest.fixture
def dlq_json(dlq: Dlq) -> DlqJson:
    """Runs one that must succeed; returns its JSON document."""

    def run(*arguments: str) -> Any:
        done = dlq(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture
async def dead_letters(empty: Servers) -> AsyncIterator[DeadLetterQueue]:
    """Our queues without a worker, and a way to lay dead letters there."""
    faststream = RabbitBroker(empty.rabbitmq_url, logger=None)
    await faststream.connect()
    await declare_topology(faststream, parse_retry_delays(RETRY_DELAYS))
    await faststream.stop()
    async with DeadLetterQueue.connect(empty) as dead_letters:
        yield dead_letters


@pytest.fixture
def start_dlq(empty: Servers) -> Iterator[StartDlq]:
    """Starts a command on dead letters, and kills it at the end of the test."""
    started: list[ForkedCommand] = []

    def start(*arguments: str) -> ForkedCommand:
        environment = os.environ | {
            "DATABASE_URL": empty.database_url,
            "RABBITMQ_URL": empty.rabbitmq_url,
            "WORKER_RETRY_DELAYS": RETRY_DELAYS,
        }
        process = forked_commands.start("worker", "dlq", *arguments, environment=environment)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.close()


@pytest.fixture
def operator(empty: Servers) -> Operator:
    """The dead letters of the test's servers for somebody, in this process."""
    settings = settings_of(empty, worker_retry_delays=RETRY_DELAYS)

    def operator(by: str, durations: Durations = SHORT) -> DeadLetters:
        return DeadLetters(settings, by=by, durations=durations)

    return operator
