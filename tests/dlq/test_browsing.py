"""How much of a queue is in memory while it is browsed."""

import asyncio
from contextlib import aclosing

import aio_pika

from dev.servers import Servers
from tests.dlq.dead_letters import DeadLetterQueue
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

    await dead_letters.wait_count(count)
