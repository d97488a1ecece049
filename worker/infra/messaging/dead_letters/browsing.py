"""Looking at a queue without taking anything away, however often."""

from collections.abc import Callable

from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.dead_letters.held_channel import HeldMessage
from worker.infra.messaging.dead_letters.held_messages import connect, count_ready, hold
from worker.infra.messaging.names import DEAD_LETTER_QUEUE
from worker.infra.messaging.topology import QueueSpec, queue_specs

DEAD_LETTERS = next(spec for spec in queue_specs(()) if spec.name == DEAD_LETTER_QUEUE)

HELD_BY_ONE_CHANNEL = 10_000
"""What exceeds this takes another channel. One could hold 65,535, but for so many at once a
quorum queue is silent for seconds before it sends the first.
"""

Visit = Callable[[Message], None]


async def browse(url: str, spec: QueueSpec, look: Visit) -> int:
    """Shows each message of a queue to `look` and leaves all of them where they were.

    What arrives after the start is not shown. Keep no bodies: a hundred thousand messages
    pass by. Returns how many were shown.

    Raises:
        DeadLettersError: the queue is not there, not ours, or was lost on the way.
    """
    seen = expected = 0

    def see(held: HeldMessage) -> None:
        nonlocal seen
        if seen < expected:
            seen += 1
            look(held.message)

    async with hold(url, spec, see) as holding:
        expected = await holding.count_ready()
        while seen < expected:
            if holding.is_full:
                await holding.widen(HELD_BY_ONE_CHANNEL)
            if not await holding.comes_more():
                break
    return seen


async def count_dead_letters(url: str) -> int:
    """How many lie in the queue and are in nobody's hands."""
    async with connect(url) as connection:
        return await count_ready(connection, DEAD_LETTER_QUEUE)
