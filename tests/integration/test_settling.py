from contextlib import suppress

import pytest
from aiormq.exceptions import DeliveryError

from dev.servers import Servers, ServerSet
from dev.servers.management import ManagementApi
from tests.conftest import StartWorker
from tests.support.broker import DEAD_LETTERS, MAIN, Broker
from tests.support.car_events import creation, of_a_type_to_come, price_change
from tests.support.catalog import read_cars
from tests.support.histories import Event
from tests.support.policies import policy
from tests.support.retries import SHORT, moves, publish
from worker.infra.db.engine import Sessions

RETRY = "inventory-worker.retry.5s"


@pytest.fixture
def management(server_set: ServerSet) -> ManagementApi:
    if not isinstance(server_set.vhosts, ManagementApi):
        pytest.skip("policies are set over the management API, which this broker does not offer")
    return server_set.vhosts


@pytest.mark.slow
async def test_copies_that_find_no_room_keep_nobody_else_waiting(
    start_worker: StartWorker,
    broker: Broker,
    sessions: Sessions,
    empty: Servers,
    management: ManagementApi,
) -> None:
    worker = start_worker(WORKER_RETRY_DELAYS="5s")
    early, others = [f"early-{i}" for i in range(4)], [f"car-{i}" for i in range(50)]
    with policy(management, empty, RETRY, {"max-length": 1}):
        filling = await fill(broker, RETRY, of_a_type_to_come())
        await broker.publish([price_change(car_id) for car_id in early])
        await broker.publish([creation(car_id, year=0) for car_id in ("bad-1", "bad-2")])
        await broker.publish([creation(car_id) for car_id in others])
        assert worker.wait_results(52) == {"applied": 50, "invalid-event": 2}
        assert moves(worker).count("retry.5s") < len(early)

    await broker.publish([creation(car_id) for car_id in early])

    results = worker.wait_results(52 + 8 + filling)
    assert results == {"applied": 58, "invalid-event": 2, "duplicate": filling}
    assert (await read_cars(sessions)).keys() == {*early, *others}
    assert len(await broker.take_all(DEAD_LETTERS)) == 2
    assert worker.log.count("consuming") == 1


async def fill(broker: Broker, queue: str, event: Event) -> int:
    """Publishes an event into a queue of ours until it takes no more; returns how often."""
    count = 0
    with suppress(DeliveryError):
        while True:
            await publish(broker, event, exchange="inventory-worker", routing_key=queue)
            count += 1
    return count


async def test_a_retry_queue_that_somebody_deleted_is_there_again(
    start_worker: StartWorker, broker: Broker
) -> None:
    worker = start_worker(**SHORT)
    await broker.delete_queue("inventory-worker.retry.200ms")

    await broker.publish([of_a_type_to_come(), creation("a")])

    results = worker.wait_results(2)
    assert results == {"applied": 1, "unknown-type": 1}
    [dead] = await broker.take_all(DEAD_LETTERS)
    assert dead.headers["x-attempts"] == 4


async def test_when_all_is_settled_nothing_is_left_in_any_queue(
    start_worker: StartWorker, broker: Broker
) -> None:
    worker = start_worker(**SHORT)
    await broker.publish([creation(f"car-{i}") for i in range(300)])
    await broker.publish([creation("bad", year=0), of_a_type_to_come()])
    worker.wait_results(302)

    assert worker.terminate() == 0

    assert await broker.count(MAIN) == 0
    assert await broker.count(DEAD_LETTERS) == 2
