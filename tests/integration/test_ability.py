import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from dev.servers import Servers
from tests.support.worker_role import WorkerRole, worker_role
from worker.domain.ports.unit_of_work import StoreUnavailableError
from worker.infra.db.ability import try_to_write
from worker.infra.db.engine import Sessions, create_engine

TABLES = (
    *("cars", "financing_plans", "processed_messages", "delivery_trials", "dead_letters"),
    "workers",
)


@pytest.fixture
async def role(empty: Servers) -> AsyncIterator[WorkerRole]:
    async with worker_role(empty.database_url) as role:
        yield role


async def test_trying_to_write_leaves_nothing_and_hinders_nobody(
    role: WorkerRole, sessions: Sessions
) -> None:
    engine = create_engine(role.url)

    await asyncio.gather(*(try_to_write(engine) for _ in range(20)))

    await engine.dispose()
    async with sessions() as session:
        for table in TABLES:
            count = (await session.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one()
            assert count == 0, table


@pytest.mark.parametrize(
    "right",
    [
        *(f"INSERT ON {table}" for table in TABLES),
        *(f"SELECT ON {table}" for table in TABLES if table != "dead_letters"),
        "UPDATE ON dead_letters",
        "UPDATE ON cars",
        "UPDATE ON financing_plans",
        "DELETE ON delivery_trials",
        *("UPDATE ON workers", "DELETE ON workers", "SELECT ON pauses", "UPDATE ON pauses"),
    ],
)
async def test_each_right_that_messages_need_is_tried(right: str, role: WorkerRole) -> None:
    await role.change(f"REVOKE {right} FROM {{role}}")
    engine = create_engine(role.url)

    with pytest.raises(StoreUnavailableError, match="permission denied for table"):
        await try_to_write(engine)
    await engine.dispose()


async def test_a_constraint_that_refuses_made_up_rows_says_nothing_about_messages(
    role: WorkerRole,
) -> None:
    await role.change("ALTER TABLE cars ADD CONSTRAINT made CHECK (make NOT LIKE 'probe %')")
    engine = create_engine(role.url)
    try:
        assert await try_to_write(engine) is None  # type: ignore[func-returns-value] # it does not raise
    finally:
        await engine.dispose()
        await role.change("ALTER TABLE cars DROP CONSTRAINT made")
