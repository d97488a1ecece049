"""Our exchanges and queues. A queue's arguments cannot change: a change needs a new name."""

from dataclasses import dataclass, field
from typing import Any

from aio_pika import RobustExchange
from aio_pika.abc import AbstractChannel
from faststream.rabbit import ExchangeType, QueueType, RabbitBroker, RabbitExchange, RabbitQueue
from faststream.rabbit.schemas.queue import QuorumQueueArgs

from worker.infra.messaging.events.wire_events import EVENT_TYPES
from worker.infra.messaging.names import (
    DEAD_LETTER_QUEUE,
    EVENTS_EXCHANGE,
    MAIN_QUEUE,
    WORKER_EXCHANGE,
    retry_queue,
)
from worker.infra.messaging.retry_delays import RetryDelay

NEVER_DROPPED = 1_000_000_000
"""A delivery limit that is never reached.

A killed worker increases the count of every message it had prefetched, including innocent ones,
and so does browsing a dead letter. Measured: with no limit set, RabbitMQ 4.0.5 deletes a dead
letter at the 21st browse; with -1, 3.10.8 deletes it at the first.
"""


EXCHANGES = {EVENTS_EXCHANGE: ExchangeType.TOPIC, WORKER_EXCHANGE: ExchangeType.DIRECT}


@dataclass(frozen=True, slots=True)
class QueueSpec:
    """The declaration of one of our quorum queues."""

    name: str
    arguments: QuorumQueueArgs
    routing_keys: dict[str, tuple[str, ...]] = field(default_factory=dict)


def queue_specs(delays: tuple[RetryDelay, ...]) -> list[QueueSpec]:
    """All our queues: the dead letters first, because other queues dead-letter into them."""
    dead_letters = QueueSpec(
        DEAD_LETTER_QUEUE,
        {"x-delivery-limit": NEVER_DROPPED},
        {WORKER_EXCHANGE: (DEAD_LETTER_QUEUE,)},
    )
    main = QueueSpec(
        MAIN_QUEUE,
        {"x-delivery-limit": NEVER_DROPPED, **_dead_lettering_to(DEAD_LETTER_QUEUE)},
        {WORKER_EXCHANGE: (MAIN_QUEUE,), EVENTS_EXCHANGE: tuple(EVENT_TYPES)},
    )
    return [dead_letters, main, *(_retry_spec(delay) for delay in delays)]


async def declare_topology(broker: RabbitBroker, delays: tuple[RetryDelay, ...]) -> None:
    """Declares all exchanges and queues; existing ones with the same arguments are unchanged."""
    exchanges = {
        name: await _declare_exchange(broker, name, type_) for name, type_ in EXCHANGES.items()
    }
    for spec in queue_specs(delays):
        queue = await broker.declare_queue(
            RabbitQueue(
                spec.name, QueueType.QUORUM, durable=True, arguments=spec.arguments, robust=False
            )
        )
        for exchange, routing_keys in spec.routing_keys.items():
            for routing_key in routing_keys:
                await queue.bind(exchanges[exchange], routing_key, robust=False)


async def declare_exchange(channel: AbstractChannel, name: str) -> None:
    """Declares one of our exchanges."""
    await channel.declare_exchange(name, EXCHANGES[name].value, durable=True)


async def declare_queue(channel: AbstractChannel, spec: QueueSpec) -> None:
    """Declares one of our queues."""
    arguments: dict[str, Any] = {"x-queue-type": "quorum", **spec.arguments}
    await channel.declare_queue(spec.name, durable=True, arguments=arguments)


async def bind_queue(channel: AbstractChannel, spec: QueueSpec) -> None:
    """Declares the bindings of one of our queues."""
    queue = await channel.get_queue(spec.name, ensure=False)
    for exchange, routing_keys in spec.routing_keys.items():
        for routing_key in routing_keys:
            await queue.bind(exchange, routing_key)


async def _declare_exchange(broker: RabbitBroker, name: str, type_: ExchangeType) -> RobustExchange:
    return await broker.declare_exchange(
        RabbitExchange(name, type=type_, durable=True, robust=False)
    )


def _retry_spec(delay: RetryDelay) -> QueueSpec:
    name = retry_queue(delay)
    arguments = _dead_lettering_to(MAIN_QUEUE)
    arguments["x-message-ttl"] = delay.milliseconds
    return QueueSpec(name, arguments, {WORKER_EXCHANGE: (name,)})


def _dead_lettering_to(queue: str) -> QuorumQueueArgs:
    """Dead-letters at least once: the broker keeps the message until `queue` has confirmed it."""
    return {
        "x-dead-letter-exchange": WORKER_EXCHANGE,
        "x-dead-letter-routing-key": queue,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
