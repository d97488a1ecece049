import json
import subprocess
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import pytest
from faststream.rabbit import RabbitBroker

from dev.servers import Servers
from tests.conftest import run_command
from tests.dlq.dead_letters import DeadLetters
from worker.infra.messaging.retry_ladder import parse_retry_delays
from worker.infra.messaging.topology import declare_topology

RETRY_DELAYS = "100ms,200ms,400ms"

Dlq = Callable[..., subprocess.CompletedProcess[str]]
DlqJson = Callable[..., Any]


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
async def dead_letters(empty: Servers) -> AsyncIterator[DeadLetters]:
    """Our queues without a worker, and a way to lay dead letters there."""
    faststream = RabbitBroker(empty.rabbitmq_url, logger=None)
    await faststream.connect()
    await declare_topology(faststream, parse_retry_delays(RETRY_DELAYS))
    await faststream.stop()
    async with DeadLetters.connect(empty.rabbitmq_url) as dead_letters:
        yield dead_letters
