from functools import partial

import asyncpg
from sqlalchemy import text

from dev.servers import Servers
from tests.conftest import StartWorker
from tests.support.broker import Broker
from tests.support.car_events import creation
from tests.support.histories import CHANGED, CREATED, Event
from tests.support.messages import message_of
from worker.application.apply_batch import ApplyBatch
from worker.infra.db.engine import BY_INDEX, create_engine
from worker.infra.db.unit_of_work import PostgresUnitOfWork

CARS = 1_000
SCANNED = "SELECT pg_stat_get_tuples_returned('cars'::regclass)"

PLANS = "SELECT custom_plans FROM pg_prepared_statements WHERE statement LIKE 'INSERT INTO cars %'"


async def test_single_creations_share_a_plan_once_postgresql_has_tried_five(empty: Servers) -> None:
    engine = create_engine(lambda: empty.database_url, pool_size=1, session_settings=BY_INDEX)
    apply = ApplyBatch(partial(PostgresUnitOfWork, engine))

    for i in range(20):
        await apply([message_of(creation(f"car-{i}"))])

    async with engine.connect() as connection:
        planned = (await connection.execute(text(PLANS))).scalar_one()
    await engine.dispose()
    assert planned == 5


async def test_statements_prepared_on_empty_tables_do_not_scan_them_once_they_are_full(
    start_worker: StartWorker, broker: Broker, empty: Servers
) -> None:
    """PostgreSQL keeps the plan of a prepared statement; that of an empty table would be a scan."""
    price = {"price_mxn": "100000.00", "occurred_at": "2026-02-01T00:00:00Z"}
    described = {"make": "Nissan", "model": "Versa", "year": 2020, **price}
    cars = [{"car_id": f"car-{i}"} for i in range(CARS)]
    database = await asyncpg.connect(empty.database_url)
    await database.execute("VACUUM ANALYZE cars")
    worker = start_worker(WORKER_BATCH_SIZE="50", WORKER_PREFETCH="50")
    before = await database.fetchval(SCANNED)

    await broker.publish([Event(CHANGED, "/p", f"p-{c['car_id']}", c | price) for c in cars])
    worker.wait_results(CARS)
    await broker.publish([Event(CREATED, "/c", f"c-{c['car_id']}", c | described) for c in cars])
    worker.wait_results(2 * CARS)
    worker.end_in_good_order()

    scanned = await database.fetchval(SCANNED) - before
    await database.close()
    assert scanned < CARS
