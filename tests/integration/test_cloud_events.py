"""CloudEvents in binary mode as aio-pika and FastStream send them: with a `message_id` made up."""

import json
from typing import Any

import aio_pika
from faststream.rabbit import RabbitBroker, RabbitExchange
from sqlalchemy import select

from dev.servers import Servers
from tests.conftest import StartWorker
from tests.support.broker import Broker
from tests.support.car_events import SOURCE, creation
from worker.infra.db.engine import Sessions
from worker.infra.db.models import ProcessedMessageModel

EVENT = creation("car-1")
HEADERS: dict[str, Any] = {
    "ce-specversion": "1.0",
    "ce-id": EVENT.message_id,
    "ce-type": EVENT.type,
    "ce-source": SOURCE,
}


async def read_identities(sessions: Sessions) -> list[tuple[str, str]]:
    row = ProcessedMessageModel
    async with sessions() as session:
        found = await session.execute(select(row.source, row.message_id))
        return [(source, id_) for source, id_ in found]


async def test_the_id_of_a_cloud_event_counts_and_not_the_one_that_aio_pika_makes_up(
    start_worker: StartWorker, broker: Broker, sessions: Sessions
) -> None:
    worker = start_worker()
    exchange = await (await broker.connection.channel()).get_exchange("inventory.events")

    for _ in range(2):
        message = aio_pika.Message(EVENT.body, content_type="application/json", headers=HEADERS)
        await exchange.publish(message, EVENT.type)

    assert worker.wait_results(2) == {"applied": 1, "duplicate": 1}
    assert await read_identities(sessions) == [(SOURCE, EVENT.message_id)]


async def test_the_id_of_a_cloud_event_counts_and_not_the_one_that_faststream_makes_up(
    start_worker: StartWorker, empty: Servers, sessions: Sessions
) -> None:
    worker = start_worker()

    async with RabbitBroker(empty.rabbitmq_url, logger=None) as faststream:
        for _ in range(2):
            await faststream.publish(
                json.loads(EVENT.body),
                exchange=RabbitExchange("inventory.events", declare=False),
                routing_key=EVENT.type,
                headers=HEADERS,
            )

    assert worker.wait_results(2) == {"applied": 1, "duplicate": 1}
    assert await read_identities(sessions) == [(SOURCE, EVENT.message_id)]
