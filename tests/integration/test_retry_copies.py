from decimal import Decimal

from pamqp.common import FieldTable
from sqlalchemy import text

from dev.servers import Servers
from tests.bad_input.undecodable import UNDECODABLE
from tests.conftest import StartWorker
from tests.support.broker import DEAD_LETTERS, MAIN, Broker
from tests.support.car_events import creation, of_a_type_to_come, price_change
from tests.support.catalog import read_cars
from tests.support.histories import CHANGED
from tests.support.raw_publisher import raw_publisher, short
from tests.support.retries import PATIENT, SHORT, moves, publish, the_dead_letter
from worker.infra.db.engine import Sessions


async def test_attempts_that_a_publisher_claims_do_not_count(
    start_worker: StartWorker, broker: Broker
) -> None:
    worker = start_worker(**SHORT)
    claims: FieldTable = {"x-attempts": 999, "x-replays": 999, "x-error-code": "too-large"}

    await publish(broker, of_a_type_to_come(), headers=claims)
    worker.wait_results(1)

    dead = await the_dead_letter(broker)
    assert dead.headers["x-error-code"] == "unknown-type"
    assert (dead.headers["x-attempts"], dead.headers["x-replays"]) == (4, 0)


async def test_a_replayed_message_skips_the_retries_it_had_before(
    start_worker: StartWorker, broker: Broker
) -> None:
    worker = start_worker(**SHORT)

    ours = {"exchange": "inventory-worker", "routing_key": MAIN}
    await publish(broker, of_a_type_to_come(), headers={"x-replays": 1}, **ours)
    worker.wait_results(1)

    dead = await the_dead_letter(broker)
    assert moves(worker) == ["dead-letters"]
    assert dead.headers["x-replays"] == 1


async def test_where_a_message_was_first_published_is_known_after_all_retries(
    start_worker: StartWorker, broker: Broker
) -> None:
    worker = start_worker(**SHORT)

    await publish(broker, of_a_type_to_come(), exchange="", routing_key=MAIN)
    worker.wait_results(1)

    dead = await the_dead_letter(broker)
    assert dead.headers["x-original-exchange"] == ""
    assert dead.headers["x-original-routing-key"] == MAIN


async def test_a_duplicate_of_an_early_event_is_a_duplicate(
    start_worker: StartWorker, broker: Broker
) -> None:
    worker = start_worker(**PATIENT)
    await broker.publish([price_change("twice"), price_change("twice")])
    worker.wait_results(2)

    await broker.publish([creation("twice")])

    assert worker.wait_results(3) == {"early": 1, "duplicate": 1, "applied": 1}
    assert await broker.take_all(DEAD_LETTERS) == []


async def test_a_duplicate_is_one_whatever_it_would_meet_today(
    start_worker: StartWorker, broker: Broker, sessions: Sessions
) -> None:
    worker = start_worker()
    newer = price_change("car", "170000.00", occurred_at="2026-03-01T00:00:00Z")
    await broker.publish([creation("car"), price_change("car"), newer])
    worker.wait_results(3)
    async with sessions.begin() as session:
        await session.execute(text("DELETE FROM cars"))

    await broker.publish([price_change("car"), newer])

    assert worker.wait_results(5) == {"applied": 3, "duplicate": 2}


async def test_events_with_strange_properties_wait_for_their_cars(
    start_worker: StartWorker, broker: Broker, empty: Servers, sessions: Sessions
) -> None:
    worker = start_worker(**PATIENT)
    async with raw_publisher(empty.rabbitmq_url) as publisher:
        for name, odd in UNDECODABLE.items():
            properties = {
                "message_id": short(name.encode()),
                "type": short(CHANGED.encode()),
                **odd.properties,
            }
            body = price_change(name).body
            await publisher.publish(body, properties, odd.routing_key)
    worker.wait_results(len(UNDECODABLE))

    await broker.publish([creation(name) for name in UNDECODABLE])

    count = len(UNDECODABLE)
    assert worker.wait_results(2 * count) == {"early": count, "applied": count}
    prices = {car.id: car.price.amount for car in (await read_cars(sessions)).values()}
    assert prices == dict.fromkeys(UNDECODABLE, Decimal("175000.00"))
