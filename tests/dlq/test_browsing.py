"""What browsing a queue costs: memory, and deliveries that the broker counts."""

import asyncio
from contextlib import aclosing

import aio_pika

from dev.servers import Servers
from tests.dlq.dead_letters import DeadLetterQueue, price_changes
from worker.infra.durations import DEFAULT_DURATIONS
from worker.infra.messaging.dead_letters.browsing import (
    DEAD_LETTERS,
    FIRST_PREFETCH,
    LARGEST_BYTES,
    browse,
)

MEGABYTE = 1024 * 1024


async def test_large_letters_come_a_few_at_a_time(
    dead_letters: DeadLetterQueue, empty: Servers
) -> None:
    behind = 8
    count = FIRST_PREFETCH + LARGEST_BYTES // MEGABYTE + behind
    await dead_letters.lay_messages(aio_pika.Message(bytes(MEGABYTE)) for _ in range(count))

    async with aclosing(browse(empty.rabbitmq_url, DEAD_LETTERS, DEFAULT_DURATIONS)) as arrivals:
        seen = 0
        while seen <= FIRST_PREFETCH:
            seen += len(await anext(arrivals))
        async with asyncio.timeout(30):
            while await dead_letters.count() != behind:  # noqa: ASYNC110 - the broker tells nobody
                await asyncio.sleep(0.05)

    assert await dead_letters.count() == count


async def test_to_browse_by_several_channels_is_one_delivery_of_each_letter(
    dead_letters: DeadLetterQueue, empty: Servers
) -> None:
    events = price_changes(3 * FIRST_PREFETCH)
    await dead_letters.lay(events)  # its sweep is the first browse

    seen = [
        message
        async for messages in browse(empty.rabbitmq_url, DEAD_LETTERS, DEFAULT_DURATIONS)
        for message in messages
    ]

    taken = await dead_letters.take_all()
    assert [message.headers["x-delivery-count"] for message in seen] == [1] * len(events)
    assert [message.headers["x-delivery-count"] for message in taken] == [2] * len(events)
    assert [message.message_id for message in taken] == [event.message_id for event in events]
