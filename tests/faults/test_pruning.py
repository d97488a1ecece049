import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.faults.audit import execute
from tests.faults.drill import Drill
from worker.infra.db.advisory_locks import AdvisoryLock
from worker.infra.db.engine import Sessions, create_engine, create_sessions
from worker.infra.db.pruning import Pruner
from worker.infra.durations import DEFAULT_DURATIONS

RETENTION = timedelta(days=30)
OLD_ROWS = """
INSERT INTO processed_messages (source, message_id, type, car_id, outcome, digest, processed_at)
SELECT '/old', i::text, 't', 'c', 'stale', '', now() - interval '31 days'
FROM generate_series(1, {rows}) i;
INSERT INTO delivery_trials VALUES ('old', 1, now() - interval '31 days'), ('new', 1, now());
"""


@pytest.fixture
async def drill_sessions(drill: Drill) -> AsyncIterator[Sessions]:
    engine = create_engine(lambda: drill.site.database_url)
    yield create_sessions(engine)
    await engine.dispose()


async def test_old_ids_and_trials_are_pruned_while_workers_take_messages(
    drill: Drill, full: bool, drill_sessions: Sessions
) -> None:
    rows = 200_000 if full else 3_000
    drill.start_workers(2)
    prices = await drill.create_cars(10_000 if full else 500)
    await execute(drill.site.database_url, OLD_ROWS.format(rows=rows))
    pruners = [Pruner(drill_sessions, RETENTION, DEFAULT_DURATIONS) for _ in range(2)]

    publishing = asyncio.create_task(drill.publish(prices))
    deleted = await asyncio.gather(*(pruner.prune() for pruner in pruners))
    await publishing

    assert sum(deleted) == rows + 1
    for worker in drill.workers:
        assert "holding" not in worker.log
    await drill.until_all_recorded()


async def test_one_worker_prunes_at_a_time(drill: Drill, drill_sessions: Sessions) -> None:
    await execute(drill.site.database_url, OLD_ROWS.format(rows=10))
    pruner = Pruner(drill_sessions, RETENTION, DEFAULT_DURATIONS, batch_rows=4)

    async with drill_sessions.begin() as other:
        await other.execute(text(f"SELECT pg_advisory_xact_lock({AdvisoryLock.PRUNING.value})"))
        meanwhile = await pruner.prune_batch()

    assert meanwhile == 0
    assert await pruner.prune_batch() == 4 + 1
