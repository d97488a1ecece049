import asyncio
import json
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from aio_pika.abc import AbstractIncomingMessage

from tests.conftest import StartWorker
from tests.support.broker import Broker
from tests.support.car_events import creation, price_change
from tests.support.catalog import read_cars
from tests.support.histories import CHANGED
from tests.support.retries import PATIENT, SHORT, moves, publish, the_dead_letter, wait_failed
from worker.infra.db.engine import Sessions


async def test_a_price_change_before_its_creation_is_applied_without_an_operator(
    start_worker: StartWorker, broker: Broker, sessions: Sessions
) -> None:
    worker = start_worker(**PATIENT)
    await broker.publish([price_change("early")])
    wait_failed(worker)

    await broker.publish([creation("early")])

    assert worker.wait_results(2) == {"applied": 2}
    cars = await read_cars(sessions)
    assert cars["early"].price.amount == Decimal("175000.00")


@pytest.mark.slow  # waits for the real delays: about 36 s
async def test_the_default_delays_bear_a_creation_that_is_10_seconds_late(
    start_worker: StartWorker, broker: Broker, sessions: Sessions
) -> None:
    worker = start_worker(WORKER_RETRY_DELAYS="5s,30s,2m")
    await broker.publish([price_change("early")])
    await asyncio.sleep(10)

    await broker.publish([creation("early")])

    assert worker.wait_results(2) == {"applied": 2}
    assert moves(worker) == ["retry.5s", "retry.30s"]
    assert (await read_cars(sessions))["early"].price.amount == Decimal("175000.00")


async def test_a_price_change_whose_creation_never_comes_is_a_dead_letter_after_the_last_delay(
    start_worker: StartWorker, broker: Broker
) -> None:
    worker = start_worker(**SHORT)
    event = price_change("nobody")

    await broker.publish([event])
    worker.wait_results(1)

    dead = await the_dead_letter(broker)
    assert moves(worker) == ["retry.100ms", "retry.200ms", "retry.400ms", "dead-letters"]
    assert dead.headers["x-error-code"] == "car-not-found"
    assert dead.headers["x-attempts"] == 4
    first, last = (instant(dead, name) for name in ("x-first-error-at", "x-error-at"))
    assert timedelta(milliseconds=700) <= last - first < timedelta(minutes=1)
    assert (dead.message_id, dead.type, dead.app_id) == (event.message_id, CHANGED, "/dealers")
    assert dead.body == event.body
    assert dead.headers["x-original-exchange"] == "inventory.events"
    assert dead.headers["x-original-routing-key"] == CHANGED
    assert not [name for name in dead.headers if "death" in name]


async def test_without_delays_the_first_failure_is_the_last(
    start_worker: StartWorker, broker: Broker
) -> None:
    worker = start_worker(WORKER_RETRY_DELAYS="none")

    await broker.publish([price_change("nobody")])
    worker.wait_results(1)

    assert (await the_dead_letter(broker)).headers["x-attempts"] == 1


async def test_an_unknown_type_is_retried_for_a_newer_worker_may_know_it(
    start_worker: StartWorker, broker: Broker
) -> None:
    worker = start_worker(**SHORT)
    newer = replace(price_change("newer"), type="inventory.price-changed.v2")

    await publish(broker, newer, routing_key=CHANGED)
    worker.wait_results(1)

    dead = await the_dead_letter(broker)
    assert dead.headers["x-error-code"] == "unknown-type"
    assert dead.headers["x-attempts"] == 4


def instant(dead: AbstractIncomingMessage, header: str) -> datetime:
    text = dead.headers[header]
    assert isinstance(text, str), json.dumps(text, default=str)
    return datetime.fromisoformat(text)
