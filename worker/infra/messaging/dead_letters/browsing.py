"""Reads all messages of a queue and leaves them there."""

from collections.abc import AsyncGenerator

from worker.infra.durations import Durations
from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.dead_letters.held_messages import hold
from worker.infra.messaging.dead_letters.our_queue import connect, count_ready, is_empty
from worker.infra.messaging.names import DEAD_LETTER_QUEUE
from worker.infra.messaging.topology import QueueSpec, queue_specs

DEAD_LETTERS = next(spec for spec in queue_specs(()) if spec.name == DEAD_LETTER_QUEUE)

HELD_BY_ONE_CHANNEL = 10_000
"""What exceeds this takes another channel. One could hold 65,535, but for so many at once a
quorum queue is silent for seconds before it sends the first.
"""

FIRST_PREFETCH = 20
"""Of messages whose size nobody knows yet."""

LARGEST_BYTES = 8 * 1024 * 1024
"""So much comes at once, if the next messages are as large as those before."""

AT_ONCE = 500
"""So many messages are passed on together."""


async def browse(
    url: str, spec: QueueSpec, durations: Durations
) -> AsyncGenerator[list[Message], None]:
    """The messages of a queue, some at a time; all go back to the queue at the end.

    What arrives after the start is left out.

    Raises:
        DeadLettersError: the queue is not there, not ours, or was lost on the way.
    """
    arrived: list[Message] = []
    seen = seen_bytes = 0
    async with hold(url, spec, lambda held: arrived.append(held.message), durations) as held:
        left = await held.count_ready()
        while left:
            if arrived:
                messages = arrived[: min(left, AT_ONCE)]
                del arrived[: len(messages)]
                left -= len(messages)
                seen += len(messages)
                seen_bytes += sum(len(message.body) for message in messages)
                yield messages
            elif held.is_full:
                await held.widen(_next_prefetch(seen, seen_bytes))
            elif not await held.comes_more():
                break


def _next_prefetch(seen: int, seen_bytes: int) -> int:
    """By the mean size of those seen."""
    if not seen:
        return FIRST_PREFETCH
    return max(1, min(HELD_BY_ONE_CHANNEL, LARGEST_BYTES * seen // max(1, seen_bytes)))


async def count_dead_letters(url: str, durations: Durations) -> int:
    """How many are in the queue and held by nobody; 0 only if a get found none.

    Raises:
        TimeoutError: the queue does not answer.
    """
    async with connect(url, durations) as connection:
        if await is_empty(connection, DEAD_LETTER_QUEUE, durations):
            return 0
        return max(1, await count_ready(connection, DEAD_LETTER_QUEUE, durations))
