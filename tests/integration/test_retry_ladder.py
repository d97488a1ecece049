import json
from datetime import datetime, timedelta

from aio_pika.abc import AbstractIncomingMessage

from tests.conftest import StartWorker
from tests.support.broker import Broker
from tests.support.car_events import of_a_type_to_come
from tests.support.histories import CHANGED
from tests.support.retries import SHORT, moves, the_dead_letter


async def test_a_type_that_no_worker_comes_to_know_is_a_dead_letter_after_the_last_delay(
    start_worker: StartWorker, broker: Broker
) -> None:
    worker = start_worker(**SHORT)
    event = of_a_type_to_come()

    await broker.publish([event])
    worker.wait_results(1)

    dead = await the_dead_letter(broker)
    assert moves(worker) == ["retry.100ms", "retry.200ms", "retry.400ms", "dead-letters"]
    assert dead.headers["x-error-code"] == "unknown-type"
    assert dead.headers["x-attempts"] == 4
    first, last = (instant(dead, name) for name in ("x-first-error-at", "x-error-at"))
    assert timedelta(milliseconds=700) <= last - first < timedelta(minutes=1)
    assert (dead.message_id, dead.type, dead.app_id) == (event.message_id, event.type, "/dealers")
    assert dead.body == event.body
    assert dead.headers["x-original-exchange"] == "inventory.events"
    assert dead.headers["x-original-routing-key"] == CHANGED
    assert not [name for name in dead.headers if "death" in name]


async def test_without_delays_the_first_failure_is_the_last(
    start_worker: StartWorker, broker: Broker
) -> None:
    worker = start_worker(WORKER_RETRY_DELAYS="none")

    await broker.publish([of_a_type_to_come()])
    worker.wait_results(1)

    assert (await the_dead_letter(broker)).headers["x-attempts"] == 1


def instant(dead: AbstractIncomingMessage, header: str) -> datetime:
    text = dead.headers[header]
    assert isinstance(text, str), json.dumps(text, default=str)
    return datetime.fromisoformat(text)
