"""Latency from publish to commit, at a rate at which every consumer is mostly idle."""

import asyncio
import json
import time
from dataclasses import asdict, dataclass
from statistics import median, quantiles
from typing import Any

import aio_pika
import asyncpg

from benchmarks.contestants import OURS, PEERS, Contestant
from benchmarks.filling import CREATED, SOURCE
from benchmarks.measured_process import MeasuredProcess
from benchmarks.options import Options
from dev.servers import Servers
from worker.cli.output import print_table

MESSAGES_PER_SECOND = 50
MESSAGES = 500
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
    """Milliseconds from a publish to the notification of its commit."""

    p50: float
    p99: float


def run(servers: Servers, options: Options) -> dict[str, Any]:
    """Measures ours and the peer with one transaction per message."""
    contestants = (OURS, PEERS[0])
    rounds = [
        {c.key: asyncio.run(measure_latency(servers, c, MESSAGES)) for c in contestants}
        for _ in range(options.rounds)
    ]
    rows = [
        (
            contestant.title,
            f"{median(measured[contestant.key].p50 for measured in rounds):.1f}",
            f"{median(measured[contestant.key].p99 for measured in rounds):.1f}",
        )
        for contestant in contestants
    ]
    ratio = median(measured[OURS.key].p99 / measured[PEERS[0].key].p99 for measured in rounds)
    title = f"publish to commit at {MESSAGES_PER_SECOND} messages/s; p99: ours is {ratio:.2f} x"
    print_table(title, ("consumer", "#p50 ms", "#p99 ms"), rows)
    return {
        "rounds": [{key: asdict(latency) for key, latency in r.items()} for r in rounds],
        "p99_ratio": ratio,
    }


async def measure_latency(servers: Servers, contestant: Contestant, messages: int) -> Latency:
    """Measures one consumer; PostgreSQL notifies each commit, so one clock times everything."""
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
    """When the notification of each commit arrived."""

    def __init__(self) -> None:
        self.at: dict[str, float] = {}
        self._heard = asyncio.Event()

    def hear(self, *news: object) -> None:
        """Records a notification; called with connection, process, channel and message id."""
        self.at[str(news[-1])] = time.perf_counter()
        self._heard.set()

    async def wait_for(self, sent: dict[str, float]) -> None:
        """Returns when all of these commits were notified."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not sent.keys() <= self.at.keys():
                self._heard.clear()
                await self._heard.wait()


async def _publish(servers: Servers, prefix: str, count: int) -> dict[str, float]:
    """Publishes at a steady rate; returns the time of each publish."""
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
