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
from worker.infra.messaging.amqp.connection import closing_is_an_error, in_brief
from worker.infra.messaging.retry_delays import RetryDelay
from worker.infra.messaging.topology import (
    EXCHANGES,
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
                async with closing_is_an_error():
                    missing = await self.repair()
            except Exception as error:  # noqa: BLE001 - whatever it is, the next round may succeed
                self._trouble.warn("declaring queues and bindings again failed", in_brief(error))
                continue
            self._trouble.over()
            if missing:
                _log.warning("declared again what was missing", missing=", ".join(missing))

    async def repair(self) -> list[str]:
        """Declares everything; returns the names of exchanges and queues that did not exist.

        A client cannot see bindings, so those that were missing are not among them, nor is what
        was deleted between the look at it and its declaration.
        """
        name = "inventory-worker-topology"
        connection, _ = await nodes.connect(self._url(), name, self._durations)
        async with connection, asyncio.timeout(self._durations.connect):
            channel = await connection.channel()
            missing = []
            for exchange in EXCHANGES:
                if not await _exists(connection, methodcaller("get_exchange", exchange)):
                    missing.append(f"exchange {exchange}")
                await declare_exchange(channel, exchange)
            for queue in queue_specs(self._delays):
                if not await _exists(connection, methodcaller("get_queue", queue.name)):
                    missing.append(f"queue {queue.name}")
                await declare_queue(channel, queue)
                await bind_queue(channel, queue)
        return missing


async def _exists(connection: AbstractConnection, look: Look) -> bool:
    """Looks on a channel of its own, which a missing name closes."""
    channel = await connection.channel()
    try:
        await look(channel)
    except ChannelNotFoundEntity:
        return False
    await channel.close()
    return True
