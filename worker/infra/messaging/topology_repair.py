"""Declares exchanges, queues and bindings again while the worker runs.

A binding that somebody removed loses events without a word, and nobody but a declaration brings
it back. Declaring what exists changes nothing. It has a connection of its own, since an error
closes the channel and an alarm blocks connections that publish.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from operator import methodcaller

import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection
from aiormq.exceptions import ChannelNotFoundEntity

from worker.infra.durations import Durations
from worker.infra.messaging.amqp import nodes
from worker.infra.messaging.amqp.connection import in_brief
from worker.infra.messaging.retry_delays import RetryDelay
from worker.infra.messaging.topology import (
    EXCHANGES,
    QueueSpec,
    bind_queue,
    declare_exchange,
    declare_queue,
    queue_specs,
)
from worker.infra.repeat_limited_log import RepeatLimitedLog
from worker.infra.server_urls import ServerUrl

Look = Callable[[AbstractChannel], Awaitable[object]]

_log = structlog.get_logger(__name__)


class TopologyRepair:
    """Repairs the topology every few minutes."""

    def __init__(
        self, url: ServerUrl, delays: tuple[RetryDelay, ...], durations: Durations
    ) -> None:
        self._url = url
        self._delays = delays
        self._durations = durations
        self._trouble = RepeatLimitedLog(_log, durations.log_repeat)

    async def run(self) -> None:
        """Repairs round after round; an error only delays the repair to the next one."""
        while True:
            spread = random.uniform(0.5, 1.5)  # noqa: S311 - no secret
            await asyncio.sleep(self._durations.redeclare_every * spread)
            try:
                missing = await self.repair()
            except Exception as error:  # noqa: BLE001 - whatever it is, the next round may succeed
                self._trouble.warn("declaring queues and bindings again failed", in_brief(error))
                continue
            self._trouble.over()
            if missing:
                _log.warning("declared again what was missing", missing=", ".join(missing))

    async def repair(self) -> list[str]:
        """Declares everything; returns the names of exchanges and queues that did not exist.

        A client cannot see bindings, so those that were missing are not among them.
        """
        name = "inventory-worker-topology"
        connection, _ = await nodes.connect(self._url(), name, self._durations)
        async with connection, asyncio.timeout(self._durations.connect):
            channel = await connection.channel()
            exchanges = [await _exchange(connection, channel, name) for name in EXCHANGES]
            queues = [await _queue(connection, channel, q) for q in queue_specs(self._delays)]
        return [missing for missing in exchanges + queues if missing]


async def _exchange(connection: AbstractConnection, channel: AbstractChannel, name: str) -> str:
    """Declares an exchange; says its name if it was missing."""
    existed = await _exists(connection, methodcaller("get_exchange", name))
    await declare_exchange(channel, name)
    return "" if existed else f"exchange {name}"


async def _queue(connection: AbstractConnection, channel: AbstractChannel, spec: QueueSpec) -> str:
    """Declares a queue and its bindings; says its name if it was missing."""
    existed = await _exists(connection, methodcaller("get_queue", spec.name))
    await declare_queue(channel, spec)
    await bind_queue(channel, spec)
    return "" if existed else f"queue {spec.name}"


async def _exists(connection: AbstractConnection, look: Look) -> bool:
    """Looks on a channel of its own, which a missing name closes.

    Just before its declaration: what is deleted between the two is declared and not told.
    """
    channel = await connection.channel()
    try:
        await look(channel)
    except ChannelNotFoundEntity:
        return False
    await channel.close()
    return True
