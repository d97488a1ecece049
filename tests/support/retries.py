"""Following a message through the retry queues."""

import re

import aio_pika
from aio_pika.abc import AbstractIncomingMessage
from pamqp.common import FieldTable

from dev.worker_process import WorkerProcess, wait_until
from tests.support.broker import DEAD_LETTERS, Broker
from tests.support.histories import Event

SHORT = {"WORKER_RETRY_DELAYS": "100ms,200ms,400ms"}
PATIENT = {"WORKER_RETRY_DELAYS": "400ms,400ms,400ms,400ms,400ms,5s"}
"""Long enough to act in between, even on a busy machine."""


def wait_failed(worker: WorkerProcess, times: int = 1) -> None:
    """Waits until the worker has republished this many copies."""
    wait_until(lambda: worker.log.count("message failed") >= times, lambda: worker.log)


def moves(worker: WorkerProcess) -> list[str]:
    """The queues that copies went to, in order."""
    return re.findall(r"moved_to=\S*inventory-worker\.([\w.-]+)", worker.log)


async def the_dead_letter(broker: Broker) -> AbstractIncomingMessage:
    [dead] = await broker.take_all(DEAD_LETTERS)
    return dead


async def publish(
    broker: Broker,
    event: Event,
    *,
    headers: FieldTable | None = None,
    exchange: str = "inventory.events",
    routing_key: str | None = None,
) -> None:
    """Publishes an event in ways that the contract does not allow."""
    message = aio_pika.Message(
        event.body,
        message_id=event.message_id,
        type=event.type,
        app_id=event.source,
        headers=headers,
    )
    channel = await broker.connection.channel()
    target = await channel.get_exchange(exchange) if exchange else channel.default_exchange
    await target.publish(message, routing_key or event.routing_key)
