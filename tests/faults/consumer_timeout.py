"""A consumer timeout as short as a drill, and what the worker says when it strikes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.faults.drill import Drill

STRUCK = ("PRECONDITION_FAILED", "within RabbitMQ's consumer timeout")
"""RabbitMQ's words where it closes the channel, and ours where it cancels the consumer (4.3)."""

_LOOK_EVERY_MS = 500
_USUAL = {
    "consumer_timeout": 1_800_000,
    "channel_tick_interval": 60_000,
    "quorum_tick_interval": 5_000,
}


@asynccontextmanager
async def consumer_timeout(drill: Drill, seconds: float) -> AsyncIterator[None]:
    """Channels opened meanwhile lose messages that are in hand for so long."""
    looks = dict.fromkeys(_USUAL, _LOOK_EVERY_MS)
    await _set_environment(drill, looks | {"consumer_timeout": round(seconds * 1000)})
    try:
        yield
    finally:
        await _set_environment(drill, _USUAL)


async def _set_environment(drill: Drill, values: dict[str, int]) -> None:
    pairs = ", ".join(f"{{{name}, {value}}}" for name, value in values.items())
    expression = f"[application:set_env(rabbit, K, V) || {{K, V}} <- [{pairs}]]."
    await asyncio.to_thread(drill.site.rabbitmq.ctl, "eval", expression)
