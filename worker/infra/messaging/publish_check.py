"""Publishes a message that reaches no queue: only that shows alarms and the right to publish."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import aio_pika
from aio_pika.exceptions import DeliveryError
from aiormq.exceptions import ChannelAccessRefused
from typing_extensions import override

from worker.infra.check import Check
from worker.infra.durations import Durations
from worker.infra.messaging.amqp import nodes
from worker.infra.messaging.amqp.connection import BROKER_ERRORS, in_brief
from worker.infra.messaging.names import WORKER_EXCHANGE

CHECK = f"publishing to exchange {WORKER_EXCHANGE}"

_UNBOUND_KEY = "inventory-worker.doctor"
_BLOCKED = " was blocked by: "


async def check_publishing(url: str, durations: Durations) -> Check:
    """Waits for the confirms; a broker with a memory or disk alarm reads no second publish."""
    with _reasons_of_blocking() as blocked:
        publishing = asyncio.create_task(_publish_twice(url, durations))
        noticing = asyncio.create_task(blocked.noticed.wait())
        try:
            await asyncio.wait(
                (publishing, noticing),
                timeout=durations.confirm,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if not publishing.done():
                return Check(CHECK, _describe(blocked.reason, durations.confirm))
            await publishing
        except ChannelAccessRefused as error:
            return Check(CHECK, f"{in_brief(error)}: grant write on it, see docs/security.md")
        except BROKER_ERRORS as error:
            return Check(CHECK, in_brief(error))
        finally:
            publishing.cancel()
            noticing.cancel()
            await asyncio.wait((publishing, noticing))
    return Check(CHECK, None)


async def _publish_twice(url: str, durations: Durations) -> None:
    connection, _ = await nodes.connect(url, "inventory-worker-doctor", durations)
    try:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        exchange = await channel.get_exchange(WORKER_EXCHANGE, ensure=False)
        for _ in range(2):
            with suppress(DeliveryError):  # it came back, as it should
                await exchange.publish(aio_pika.Message(b""), _UNBOUND_KEY, mandatory=True)
    finally:
        with suppress(*BROKER_ERRORS):
            async with asyncio.timeout(durations.close):  # a blocked connection is not read
                await connection.close()


def _describe(reason: str, seconds: float) -> str:
    if not reason:
        return f"not confirmed within {seconds:.0f} s: see `rabbitmqctl status`"
    return (
        f"RabbitMQ blocks publishers ({reason}): free what it lacks, see `rabbitmqctl status`; "
        "retries and dead letters wait meanwhile, nothing is lost"
    )


class _Blocked(logging.Handler):
    """Keeps the broker's reason, which aiormq only logs."""

    def __init__(self) -> None:
        super().__init__()
        self.noticed = asyncio.Event()
        self.reason = ""

    @override
    def emit(self, record: logging.LogRecord) -> None:
        _, blocked, reason = record.getMessage().partition(_BLOCKED)
        if blocked:
            self.reason = reason.strip("'")
            self.noticed.set()


@contextmanager
def _reasons_of_blocking() -> Iterator[_Blocked]:
    """Takes aiormq's warnings, whatever is logged otherwise."""
    log, blocked = logging.getLogger("aiormq.connection"), _Blocked()
    level, propagate = log.level, log.propagate
    log.addHandler(blocked)
    log.setLevel(logging.WARNING)
    log.propagate = False
    try:
        yield blocked
    finally:
        log.removeHandler(blocked)
        log.setLevel(level)
        log.propagate = propagate
