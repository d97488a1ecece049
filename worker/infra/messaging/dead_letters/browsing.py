"""Reads all messages of a queue and leaves them there."""

from collections.abc import Callable

from worker.infra.durations import Durations
from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.dead_letters.held_channel import HeldMessage
from worker.infra.messaging.dead_letters.held_messages import hold
from worker.infra.messaging.dead_letters.our_queue import connect, count_ready
from worker.infra.messaging.names import DEAD_LETTER_QUEUE
from worker.infra.messaging.topology import QueueSpec, queue_specs

DEAD_LETTERS = next(spec for spec in queue_specs(()) if spec.name == DEAD_LETTER_QUEUE)

HELD_BY_ONE_CHANNEL = 10_000
"""What exceeds this takes another channel. One could hold 65,535, but for so many at once a
quorum queue is silent for seconds before it sends the first.
"""

Visit = Callable[[Message], None]


async def browse(url: str, spec: QueueSpec, visit: Visit, durations: Durations) -> int:
    """Passes each message of a queue to `visit`; returns how many there were.

    What arrives after the start is not visited. Keep no bodies: there may be a hundred thousand.

    Raises:
        DeadLettersError: the queue is not there, not ours, or was lost on the way.
    """
    visited = expected = 0

    def on_message(message: HeldMessage) -> None:
        nonlocal visited
        if visited < expected:
            visited += 1
            visit(message.message)

    async with hold(url, spec, on_message, durations) as held:
        expected = await held.count_ready()
        while visited < expected:
            if held.is_full:
                await held.widen(HELD_BY_ONE_CHANNEL)
            if not await held.comes_more():
                break
    return visited


async def count_dead_letters(url: str, durations: Durations) -> int:
    """How many are in the queue and held by nobody."""
    async with connect(url, durations) as connection:
        return await count_ready(connection, DEAD_LETTER_QUEUE, durations)
