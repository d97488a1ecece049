import asyncpg

from dev.servers import Servers
from tests.conftest import StartWorker
from tests.support.broker import Broker
from tests.support.histories import CHANGED, CREATED, Event

CARS = 1_000
SCANNED = "SELECT pg_stat_get_tuples_returned('cars'::regclass)"


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
