"""A database that answers but takes no work: only new sessions can tell when it does again."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from dev.servers import Servers
from dev.worker_process import wait_until
from tests.conftest import StartWorker
from tests.support.broker import DEAD_LETTERS, Broker
from tests.support.car_events import creation, price_change
from tests.support.hooked_worker import HOOKED
from tests.support.worker_role import WorkerRole, worker_role
from worker.infra.db.engine import create_engine

READ_ONLY = "ALTER ROLE {role} SET default_transaction_read_only = on"
WRITABLE = "ALTER ROLE {role} RESET default_transaction_read_only"
OTHER_SCHEMA = "ALTER ROLE {role} SET search_path = nowhere"
OUR_SCHEMA = "ALTER ROLE {role} RESET search_path"

LOST_AND_FOUND = {
    "writing": (READ_ONLY, WRITABLE, "read-only transaction"),
    "the schema": (OTHER_SCHEMA, OUR_SCHEMA, "names no schema of database"),
    "one right": (
        "REVOKE UPDATE ON cars FROM {role}",
        "GRANT UPDATE ON cars TO {role}",
        "permission denied for table cars",
    ),
    "a table": (
        "REVOKE INSERT ON processed_messages FROM {role}",
        "GRANT INSERT ON processed_messages TO {role}",
        "permission denied for table processed_messages",
    ),
    "login": (
        "ALTER ROLE {role} NOLOGIN",
        "ALTER ROLE {role} LOGIN",
        "is not permitted to log in",
    ),
    "a valid password": (
        "ALTER ROLE {role} VALID UNTIL '2001-01-01'",
        "ALTER ROLE {role} VALID UNTIL 'infinity'",
        "password authentication failed",
    ),
}


@pytest.fixture
async def role(empty: Servers) -> AsyncIterator[WorkerRole]:
    async with worker_role(empty.database_url) as role:
        yield role


@pytest.mark.parametrize("pool_size", [1, 3])
async def test_sessions_that_only_read_are_replaced_once_new_ones_can_write(
    pool_size: int, role: WorkerRole
) -> None:
    engine = create_engine(role.url, pool_size=pool_size)
    await role.change(READ_ONLY)
    async with AsyncExitStack() as stack:
        for _ in range(pool_size):
            await (await stack.enter_async_context(engine.connect())).execute(text("SELECT 1"))
    with pytest.raises(DBAPIError, match="read-only transaction"):
        await write(engine)

    await role.change(WRITABLE)

    for _ in range(pool_size):
        await write(engine)
    await engine.dispose()


@pytest.mark.parametrize(
    ("lose", "give_back", "reason"), LOST_AND_FOUND.values(), ids=LOST_AND_FOUND
)
async def test_an_idle_worker_is_not_ready_and_then_goes_on_by_itself(
    lose: str,
    give_back: str,
    reason: str,
    start_worker: StartWorker,
    broker: Broker,
    role: WorkerRole,
) -> None:
    worker = start_worker(*HOOKED, DATABASE_URL=role.url(), PROBE_SECONDS="0.2")
    await role.change(lose)
    await role.end_sessions()
    wait_until(lambda: reason in " ".join(worker.problems()), lambda: worker.log)
    await broker.publish([creation("a"), price_change("a")])
    wait_until(lambda: "holding messages" in worker.log, lambda: worker.log)

    await role.change(give_back)

    assert worker.wait_results(2) == {"applied": 2}
    assert await broker.take_all(DEAD_LETTERS) == []
    worker.wait_ready()


async def test_a_worker_that_gives_messages_back_does_not_become_ready(
    start_worker: StartWorker, broker: Broker, role: WorkerRole
) -> None:
    worker = start_worker(*HOOKED, DATABASE_URL=role.url(), HOLD_SECONDS="0.01")
    await role.change(READ_ONLY)
    await role.end_sessions()
    await broker.publish([creation("a")])
    wait_until(lambda: "subscription lost" in worker.log, lambda: worker.log)
    was_ready = []

    def waits_for_the_database() -> bool:
        was_ready.append(worker.status("/health/ready") == 200)
        return "waiting for the servers" in worker.log and len(was_ready) > 100

    wait_until(waits_for_the_database, lambda: worker.log)
    assert not any(was_ready)
    assert worker.log.count("consuming") == 1


async def write(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("DELETE FROM processed_messages"))
