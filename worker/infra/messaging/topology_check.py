"""Compares the broker's topology with the worker's, without changing it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aio_pika
from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel, AbstractConnection
from aiormq.exceptions import ChannelNotFoundEntity, ChannelPreconditionFailed

from worker.infra.check import Check
from worker.infra.durations import Durations
from worker.infra.messaging.amqp.connection import BROKER_ERRORS, in_brief, named
from worker.infra.messaging.names import EVENTS_EXCHANGE, WORKER_EXCHANGE
from worker.infra.messaging.retry_delays import RetryDelay
from worker.infra.messaging.topology import QueueSpec, queue_specs

_EXCHANGE_TYPES = {EVENTS_EXCHANGE: ExchangeType.TOPIC, WORKER_EXCHANGE: ExchangeType.DIRECT}


async def check_topology(
    url: str, delays: tuple[RetryDelay, ...], durations: Durations
) -> list[Check]:
    """Checks the connection, then the exchanges and queues."""
    try:
        async with asyncio.timeout(durations.call):
            connection = await aio_pika.connect(named(url, "inventory-worker-doctor"))
    except BROKER_ERRORS as error:
        return [Check("RabbitMQ", f"cannot connect: {in_brief(error)}: check RABBITMQ_URL")]
    async with connection:
        declared = [
            *((f"exchange {name}", _redeclare_exchange(name)) for name in _EXCHANGE_TYPES),
            *((f"queue {spec.name}", _redeclare_queue(spec)) for spec in queue_specs(delays)),
        ]
        checks = [
            Check(name, await _problem(connection, redeclare, durations.call))
            for name, redeclare in declared
        ]
    return [Check("RabbitMQ", None), *checks]


Redeclare = Callable[[AbstractChannel], Awaitable[None]]


def _redeclare_exchange(name: str) -> Redeclare:
    async def redeclare(channel: AbstractChannel) -> None:
        await channel.get_exchange(name)
        await channel.declare_exchange(name, _EXCHANGE_TYPES[name], durable=True)

    return redeclare


def _redeclare_queue(spec: QueueSpec) -> Redeclare:
    arguments: dict[str, Any] = {"x-queue-type": "quorum", **spec.arguments}

    async def redeclare(channel: AbstractChannel) -> None:
        await channel.get_queue(spec.name)
        await channel.declare_queue(spec.name, durable=True, arguments=arguments)

    return redeclare


async def _problem(
    connection: AbstractConnection, redeclare: Redeclare, seconds: float
) -> str | None:
    """Declares only what exists already, which compares the arguments and changes nothing."""
    try:
        async with asyncio.timeout(seconds):
            channel = await connection.channel()
            await redeclare(channel)
            await channel.close()
    except ChannelNotFoundEntity:
        return "does not exist yet: `inventory-worker run` declares it"
    except ChannelPreconditionFailed as error:
        return f"is not as we declare it: drain and delete it ({error})"
    except BROKER_ERRORS as error:
        return in_brief(error)
    return None
