"""A worker whose database takes no work stays not ready until a batch commits."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

import asyncpg
import pytest

from dev.servers import Servers
from dev.worker_process import WorkerProcess
from tests.conftest import StartWorker
from tests.support.broker import Broker
from tests.support.car_events import creation, price_change
from tests.support.hooked_worker import HOOKED
from tests.support.worker_role import WorkerRole, worker_role

IMPATIENT = {"HOLD_SECONDS": "0.1", "LOCK_SECONDS": "0.2", "PROBE_SECONDS": "0.1"}
"""Messages go back to the queue and come again, several times within some seconds."""

WATCH_SECONDS = 4.0
"""Enough for messages to become suspects, which a transaction of their own counts."""

Fault = Callable[[WorkerRole], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def _lock(statement: str, role: WorkerRole) -> AsyncIterator[None]:
    connection = await asyncpg.connect(role.admin_url)
    try:
        async with connection.transaction():
            await connection.execute(statement)
            yield
    finally:
        await connection.close()


@asynccontextmanager
async def _change(lose: str, give_back: str, role: WorkerRole) -> AsyncIterator[None]:
    await role.change(lose)
    await role.end_sessions()
    try:
        yield
    finally:
        await role.change(give_back)


FAULTS: Mapping[str, Fault] = {
    "a locked row": partial(_lock, "SELECT id FROM cars FOR UPDATE"),
    "a locked table": partial(_lock, "LOCK TABLE cars IN ACCESS EXCLUSIVE MODE"),
    "a lock on ids": partial(_lock, "LOCK TABLE processed_messages IN SHARE MODE"),
    "a lost right": partial(
        _change, "REVOKE UPDATE ON cars FROM {role}", "GRANT UPDATE ON cars TO {role}"
    ),
    "read-only": partial(
        _change,
        "ALTER ROLE {role} SET default_transaction_read_only = on",
        "ALTER ROLE {role} RESET default_transaction_read_only",
    ),
}


@pytest.fixture
async def role(empty: Servers) -> AsyncIterator[WorkerRole]:
    async with worker_role(empty.database_url) as role:
        yield role


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_readiness_does_not_flip_while_the_database_takes_no_work(
    fault: Fault, start_worker: StartWorker, broker: Broker, role: WorkerRole
) -> None:
    worker = start_worker(*HOOKED, DATABASE_URL=role.url(), **IMPATIENT)
    await broker.publish([creation("a")])
    worker.wait_results(1)

    async with fault(role):
        await broker.publish([price_change("a")])
        flips = await _watch(worker, lambda: _publish_a_mistake(broker))

    assert worker.wait_results(3) == {"applied": 2, "invalid-event": 1}
    worker.wait_ready()
    assert flips == []


async def _watch(worker: WorkerProcess, meanwhile: Callable[[], Awaitable[None]]) -> list[str]:
    """The last lines of the log at each look that found the worker ready again."""
    while not any("PostgreSQL" in problem for problem in worker.problems()):
        pass
    flips = []
    await meanwhile()
    until = time.monotonic() + WATCH_SECONDS
    while time.monotonic() < until:
        if worker.status("/health/ready") == 200:
            flips.append(worker.log[-1000:])
    return flips


async def _publish_a_mistake(broker: Broker) -> None:
    """Its dead letter is a row, which says nothing of cars and ids."""
    await broker.publish([creation("b", price_mxn="no price")])
