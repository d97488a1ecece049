"""Compares the broker's topology with the worker's; declares bindings that are gone."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from operator import methodcaller

from aio_pika.abc import AbstractChannel, AbstractConnection
from aiormq.abc import DeliveredMessage
from aiormq.exceptions import (
    ChannelAccessRefused,
    ChannelNotFoundEntity,
    ChannelPreconditionFailed,
)

from worker.infra.check import Check
from worker.infra.durations import Durations
from worker.infra.messaging.amqp import nodes
from worker.infra.messaging.amqp.connection import BROKER_ERRORS, in_brief
from worker.infra.messaging.names import DEAD_LETTER_QUEUE, MAIN_QUEUE
from worker.infra.messaging.retry_delays import RetryDelay
from worker.infra.messaging.topology import (
    EXCHANGES,
    QueueSpec,
    bind_queue,
    declare_exchange,
    declare_queue,
    queue_specs,
)

_READ_QUEUES = (MAIN_QUEUE, DEAD_LETTER_QUEUE)

Call = Callable[[AbstractChannel], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class _Part:
    """An exchange or a queue: `look` fails if it does not exist.

    `steps` fail if it is different, or without the right that each of them is listed with;
    RabbitMQ before 4 names the object alone.
    """

    name: str
    look: Call
    steps: tuple[tuple[str, Call], ...]


async def check_topology(
    url: str, delays: tuple[RetryDelay, ...], durations: Durations
) -> list[Check]:
    """Checks the connection, then the exchanges and queues with the rights on them."""
    try:
        connection, node = await nodes.connect(url, "inventory-worker-doctor", durations)
    except BROKER_ERRORS as error:
        return [Check("RabbitMQ", f"cannot connect: {in_brief(error)}: check RABBITMQ_URL")]
    async with connection:
        checks = [
            Check(part.name, await _problem(connection, part, durations.call))
            for part in _parts(delays)
        ]
    return [Check(f"RabbitMQ ({node})", None), *checks]


def _parts(delays: tuple[RetryDelay, ...]) -> list[_Part]:
    exchanges = [
        _Part(
            f"exchange {name}",
            methodcaller("get_exchange", name),
            (("configure", partial(declare_exchange, name=name)),),
        )
        for name in EXCHANGES
    ]
    queues = [
        _Part(f"queue {spec.name}", methodcaller("get_queue", spec.name), _queue_steps(spec))
        for spec in queue_specs(delays)
    ]
    return [*exchanges, *queues]


def _queue_steps(spec: QueueSpec) -> tuple[tuple[str, Call], ...]:
    """Clients cannot see bindings: declaring them is the way to know that they exist."""
    declare = ("configure", partial(declare_queue, spec=spec))
    bind = ("write on the queue and read on the exchange", partial(bind_queue, spec=spec))
    if spec.name not in _READ_QUEUES:
        return (declare, bind)
    return (declare, bind, ("read", partial(_ask_to_read, queue=spec.name)))


async def _ask_to_read(channel: AbstractChannel, queue: str) -> None:
    """Fails without the right to read; gets no message, since the argument is refused next."""
    underlay = await channel.get_underlay_channel()
    try:
        await underlay.basic_consume(queue, _take_nothing, arguments={"x-priority": "none"})
    except ChannelPreconditionFailed:
        return


async def _take_nothing(_: DeliveredMessage) -> None: ...


async def _problem(connection: AbstractConnection, part: _Part, seconds: float) -> str | None:
    """Declares only what exists already, which compares the arguments."""
    try:
        async with asyncio.timeout(seconds):
            channel = await connection.channel()
            try:
                await part.look(channel)
            except ChannelNotFoundEntity:
                return "does not exist yet: `inventory-worker run` declares it"
            lacking = await _lacking_right(channel, part)
            if lacking is None:
                await channel.close()
            return lacking
    except ChannelPreconditionFailed as error:
        return f"is not as we declare it: drain and delete it ({error})"
    except BROKER_ERRORS as error:
        return in_brief(error)


async def _lacking_right(channel: AbstractChannel, part: _Part) -> str | None:
    for right, step in part.steps:
        try:
            await step(channel)
        except ChannelAccessRefused as error:
            return f"{in_brief(error)}: grant {right}, see docs/security.md"
    return None
