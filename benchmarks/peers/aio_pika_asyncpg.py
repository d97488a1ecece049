"""Peer (b): aio-pika and asyncpg, SQL by hand, one transaction per message."""

import asyncio
import json
import os
from datetime import datetime
from decimal import Decimal
from typing import Any

import aio_pika
import asyncpg
from aio_pika.abc import AbstractIncomingMessage

from benchmarks.peers.statements import CHANGE, CREATE, RECORD

CONCURRENCY = 20


def price_of(message: AbstractIncomingMessage, data: dict[str, Any]) -> tuple[Any, ...]:
    occurred_at = datetime.fromisoformat(data["occurred_at"])
    return Decimal(data["price_mxn"]), occurred_at, message.app_id or "", message.message_id


def car_of(message: AbstractIncomingMessage, data: dict[str, Any]) -> tuple[Any, ...]:
    make, model = data["make"], data["model"]
    keys = make.casefold(), model.casefold()
    return data["car_id"], make, model, *keys, data["year"], *price_of(message, data)


async def main() -> None:
    pool = await asyncpg.create_pool(
        os.environ["DATABASE_URL"], min_size=CONCURRENCY, max_size=CONCURRENCY
    )

    async def handle(message: AbstractIncomingMessage) -> None:
        data = json.loads(message.body)
        async with pool.acquire() as connection, connection.transaction():
            recorded = await connection.execute(
                RECORD, message.app_id or "", message.message_id, message.type, data["car_id"]
            )
            if recorded == "INSERT 0 1":
                if message.type == "inventory.car-created.v1":
                    await connection.execute(CREATE, *car_of(message, data))
                else:
                    await connection.execute(CHANGE, data["car_id"], *price_of(message, data))
        await message.ack()

    connection = await aio_pika.connect_robust(os.environ["RABBITMQ_URL"])
    channel = await connection.channel()
    await channel.set_qos(prefetch_count=CONCURRENCY)
    queue = await channel.get_queue("inventory-worker", ensure=False)
    await queue.consume(handle)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
