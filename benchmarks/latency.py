"""From publish to commit, at a rate that leaves every consumer idle most of the time."""

import asyncio
import json
import time
from dataclasses import dataclass
from statistics import quantiles

import aio_pika
import asyncpg

from benchmarks.contestants import Contestant
from benchmarks.filling import CREATED, SOURCE
from benchmarks.measured_process import MeasuredProcess
from dev.servers import Servers

MESSAGES_PER_SECOND = 50
WARM_UP = 50
PATIENCE_SECONDS = 60

_NOTIFY_ON_COMMIT = """
    CREATE OR REPLACE FUNCTION tell_recorded() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_notify('recorded', NEW.message_id); RETURN NULL; END $$;
    CREATE OR REPLACE TRIGGER tell_recorded AFTER INSERT ON processed_messages
        FOR EACH ROW EXECUTE FUNCTION tell_recorded();
"""


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from the publish to the news of its commit."""

    p50: float
    p99: float


async def measure_latency(servers: Servers, contestant: Contestant, messages: int) -> Latency:
    """PostgreSQL tells of each commit itself, so that nobody's own clock is asked."""
    database = await asyncpg.connect(servers.database_url)
    news = _News()
    try:
        await database.execute("DELETE FROM processed_messages WHERE source = $1", SOURCE)
        await database.execute("DELETE FROM cars WHERE price_source = $1", SOURCE)
        await database.execute(_NOTIFY_ON_COMMIT)
        await database.add_listener("recorded", news.hear)
        with MeasuredProcess(contestant.command, contestant.environment(servers)):
            await news.wait_for(await _publish(servers, "warm-up", WARM_UP))
            sent = await _publish(servers, "latency", messages)
            await news.wait_for(sent)
    finally:
        await database.execute("DROP TRIGGER IF EXISTS tell_recorded ON processed_messages")
        await database.close()
    percentiles = quantiles([(news.at[key] - at) * 1000 for key, at in sent.items()], n=100)
    return Latency(percentiles[49], percentiles[98])


class _News:
    """When each commit was heard of."""

    def __init__(self) -> None:
        self.at: dict[str, float] = {}
        self._heard = asyncio.Event()

    def hear(self, *news: object) -> None:
        """Called by asyncpg with connection, process, channel and message id."""
        self.at[str(news[-1])] = time.perf_counter()
        self._heard.set()

    async def wait_for(self, sent: dict[str, float]) -> None:
        """Returns when all of these were heard of."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not sent.keys() <= self.at.keys():
                self._heard.clear()
                await self._heard.wait()


async def _publish(servers: Servers, prefix: str, count: int) -> dict[str, float]:
    """Publishes at a steady rate; returns when each was handed to the connection."""
    sent: dict[str, float] = {}
    connection = await aio_pika.connect(servers.rabbitmq_url)
    async with connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange("inventory.events", ensure=False)
        began = time.perf_counter()
        for i in range(count):
            await asyncio.sleep(began + i / MESSAGES_PER_SECOND - time.perf_counter())
            message_id = f"{prefix}-{i}"
            sent[message_id] = time.perf_counter()
            await exchange.publish(_message(message_id), CREATED)
    return sent


def _message(message_id: str) -> aio_pika.Message:
    data = {
        "car_id": message_id,
        "make": "Nissan",
        "model": "Versa",
        "year": 2020,
        "price_mxn": "100.00",
        "occurred_at": "2026-01-01T00:00:00Z",
    }
    return aio_pika.Message(
        json.dumps(data).encode(),
        message_id=message_id,
        type=CREATED,
        app_id=SOURCE,
        content_type="application/json",
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
    )
