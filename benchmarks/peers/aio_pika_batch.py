"""Peer (c): aio-pika and asyncpg, batches by hand, one ack for each batch."""

import asyncio
import json
import os
from typing import Any

import aio_pika
import asyncpg
from aio_pika.abc import AbstractIncomingMessage

from benchmarks.peers.aio_pika_asyncpg import car_of, price_of
from benchmarks.peers.statements import CHANGE_MANY, CREATE_MANY, RECORD_MANY

BATCH = 400
PREFETCH = 1000
LINGER_SECONDS = 0.02


async def apply(connection: asyncpg.Connection, batch: list[AbstractIncomingMessage]) -> None:
    decoded = [(message, json.loads(message.body)) for message in batch]
    async with connection.transaction():
        identities = [(m.app_id or "", m.message_id, m.type, data["car_id"]) for m, data in decoded]
        new = {row[0] for row in await connection.fetch(RECORD_MANY, *columns(identities))}
        fresh = [(m, data) for m, data in decoded if m.message_id in new]
        created = [car_of(m, data) for m, data in fresh if "make" in data]
        changed = [(data["car_id"], *price_of(m, data)) for m, data in fresh if "make" not in data]
        if created:
            await connection.execute(CREATE_MANY, *columns(created))
        if changed:
            await connection.execute(CHANGE_MANY, *columns(changed))
    await batch[-1].ack(multiple=True)


def columns(rows: list[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


async def take(waiting: asyncio.Queue[AbstractIncomingMessage]) -> list[AbstractIncomingMessage]:
    batch = [await waiting.get()]
    loop = asyncio.get_running_loop()
    until = loop.time() + LINGER_SECONDS
    while len(batch) < BATCH and loop.time() < until:
        try:
            async with asyncio.timeout_at(until):
                batch.append(await waiting.get())
        except TimeoutError:
            break
    return batch


async def main() -> None:
    database = await asyncpg.connect(os.environ["DATABASE_URL"])
    connection = await aio_pika.connect_robust(os.environ["RABBITMQ_URL"])
    channel = await connection.channel()
    await channel.set_qos(prefetch_count=PREFETCH)
    waiting: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
    queue = await channel.get_queue("inventory-worker", ensure=False)
    await queue.consume(waiting.put)
    while True:
        await apply(database, await take(waiting))


if __name__ == "__main__":
    asyncio.run(main())
