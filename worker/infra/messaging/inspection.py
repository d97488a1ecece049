"""Compares what the broker has with what the worker needs, changing nothing."""

import asyncio
from dataclasses import dataclass

import aio_pika
from aiormq.exceptions import AMQPError, ChannelNotFoundEntity, ChannelPreconditionFailed

from worker.infra.messaging.broker import named
from worker.infra.messaging.retry_ladder import RetryDelay
from worker.infra.messaging.topology import EVENTS_EXCHANGE, WORKER_EXCHANGE, queue_specs

CONNECT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Inspection:
    """One thing looked at; `problem` says what is wrong and what to do, None if nothing."""

    check: str
    problem: str | None


async def inspect_broker(url: str, delays: tuple[RetryDelay, ...]) -> list[Inspection]:
    """The connection, then the exchanges and queues."""
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            connection = await aio_pika.connect(named(url, "inventory-worker-doctor"))
    except (AMQPError, OSError, TimeoutError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        return [Inspection("RabbitMQ", f"cannot connect: {reason}: check RABBITMQ_URL")]
    async with connection:
        exchanges = [
            Inspection(f"exchange {name}", await _exchange_problem(connection, name))
            for name in (EVENTS_EXCHANGE, WORKER_EXCHANGE)
        ]
        queues = [
            Inspection(
                f"queue {spec.name}",
                await _queue_problem(
                    connection, spec.name, {"x-queue-type": "quorum", **spec.arguments}
                ),
            )
            for spec in queue_specs(delays)
        ]
    return [Inspection("RabbitMQ", None), *exchanges, *queues]


async def _exchange_problem(connection: aio_pika.abc.AbstractConnection, name: str) -> str | None:
    channel = await connection.channel()
    try:
        await channel.get_exchange(name)
    except ChannelNotFoundEntity:
        return "does not exist yet: `inventory-worker run` declares it"
    await channel.close()
    return None


async def _queue_problem(
    connection: aio_pika.abc.AbstractConnection, name: str, arguments: dict[str, object]
) -> str | None:
    """Declares only what exists already, which changes nothing and compares the arguments."""
    channel = await connection.channel()
    try:
        await channel.get_queue(name)
        await channel.declare_queue(name, durable=True, arguments=arguments)  # type: ignore[arg-type]  # aio-pika types arguments narrower than AMQP
    except ChannelNotFoundEntity:
        return "does not exist yet: `inventory-worker run` declares it"
    except ChannelPreconditionFailed as error:
        return f"has other arguments than ours: drain and delete it ({error})"
    await channel.close()
    return None
