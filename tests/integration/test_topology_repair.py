"""What somebody removed comes back while the worker runs."""

import asyncio
import random

from aio_pika.exceptions import DeliveryError

from dev.servers import Servers
from dev.worker_process import WorkerProcess, wait_until
from tests.conftest import StartWorker
from tests.support.broker import DEAD_LETTERS, MAIN, Broker
from tests.support.histories import CREATED, Event, random_history
from tests.support.hooked_worker import HOOKED
from tests.support.retries import SHORT
from worker.infra.durations import Durations
from worker.infra.messaging.retry_delays import parse_retry_delays
from worker.infra.messaging.topology_repair import TopologyRepair

OFTEN = {**SHORT, "REDECLARE_SECONDS": "0.2"}
SELDOM = {**SHORT, "REDECLARE_SECONDS": "2"}
"""Time to delete between two rounds: within one, RabbitMQ 3.10 may break the queue for good."""

RETRY = "inventory-worker.retry.100ms"
HISTORY = sorted(
    random_history(random.Random(3), cars=2, events=20, prefix="repair-"),
    key=lambda event: event.type != CREATED,
)


async def test_a_binding_that_was_removed_is_declared_again(
    start_worker: StartWorker, broker: Broker
) -> None:
    worker = start_worker(*HOOKED, **OFTEN)
    channel = await broker.connection.channel()
    queue = await channel.get_queue(MAIN)

    for key in {event.type for event in HISTORY}:
        await queue.unbind("inventory.events", key)
    for event in HISTORY:
        await _publish_once_it_is_routed(broker, event)

    worker.wait_results(len(HISTORY))
    assert worker.log.count("consuming") == 1, "the consumer was not disturbed"


async def test_what_was_deleted_is_declared_again_and_named_once(
    start_worker: StartWorker, broker: Broker
) -> None:
    worker = start_worker(*HOOKED, **SELDOM)
    start = len(worker.log)
    channel = await broker.connection.channel()

    await channel.exchange_delete("inventory-worker")
    for queue in (DEAD_LETTERS, RETRY):
        await channel.queue_delete(queue)
        _wait_told(worker, f"queue {queue}", start)

    assert "exchange inventory-worker" in worker.log[start:]
    assert worker.log[start:].count(f"queue {RETRY}") == 1
    assert await broker.count(DEAD_LETTERS) == 0
    assert worker.log.count("consuming") == 1, "the consumer was not disturbed"


async def test_a_round_that_fails_is_followed_by_another(
    start_worker: StartWorker, broker: Broker
) -> None:
    """A queue that is not as we declare it closes the channel; the queues after it wait."""
    worker = start_worker(*HOOKED, **SELDOM)
    start = len(worker.log)
    channel = await broker.connection.channel()

    await channel.queue_delete(DEAD_LETTERS)
    _wait_told(worker, f"queue {DEAD_LETTERS}", start)
    await channel.queue_delete(RETRY)
    await channel.declare_queue(RETRY, durable=True)
    _wait_told(worker, "inequivalent arg", start)
    await channel.queue_delete(RETRY)

    _wait_told(worker, f"queue {RETRY}", start)
    assert await broker.count(RETRY) == 0, "it is there again"


async def test_where_nothing_is_missing_nothing_is_told(empty: Servers) -> None:
    repair = TopologyRepair(lambda: empty.rabbitmq_url, parse_retry_delays("100ms"), Durations())

    first, second = await repair.repair(), await repair.repair()

    assert {f"queue {MAIN}", f"queue {DEAD_LETTERS}", f"queue {RETRY}"} <= set(first)
    assert second == []


def _wait_told(worker: WorkerProcess, text: str, start: int) -> None:
    """Waits for it in the log from `start` on: a start declares, too, and may tell of it."""
    wait_until(lambda: text in worker.log[start:], lambda: worker.log)


async def _publish_once_it_is_routed(broker: Broker, event: Event) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                await broker.publish([event])
            except DeliveryError:  # returned as unroutable
                await asyncio.sleep(0)
            else:
                return
