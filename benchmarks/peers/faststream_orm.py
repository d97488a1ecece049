"""Peer (a): FastStream and the SQLAlchemy ORM, one transaction per message."""

import asyncio
import os
from datetime import datetime
from decimal import Decimal

from faststream import AckPolicy, FastStream
from faststream.rabbit import Channel, QueueType, RabbitBroker, RabbitMessage, RabbitQueue
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from worker.infra.db.models import CarModel, ProcessedMessageModel

CONCURRENCY = 20


class Event(BaseModel):
    car_id: str
    price_mxn: Decimal
    occurred_at: datetime
    make: str | None = None
    model: str | None = None
    year: int | None = None


def sqlalchemy_url(url: str) -> str:
    return url.replace("postgresql://", "postgresql+asyncpg://", 1)


engine = create_async_engine(sqlalchemy_url(os.environ["DATABASE_URL"]), pool_size=CONCURRENCY)
sessions = async_sessionmaker(engine, expire_on_commit=False)
broker = RabbitBroker(
    os.environ["RABBITMQ_URL"], default_channel=Channel(prefetch_count=CONCURRENCY), logger=None
)


@broker.subscriber(
    RabbitQueue("inventory-worker", QueueType.QUORUM, declare=False),
    ack_policy=AckPolicy.NACK_ON_ERROR,
)
async def handle(event: Event, message: RabbitMessage) -> None:
    raw = message.raw_message
    identity = (raw.app_id or "", raw.message_id)
    async with sessions.begin() as session:
        if await session.get(ProcessedMessageModel, identity) is not None:
            return
        car = await session.get(CarModel, event.car_id, with_for_update=True)
        price = {
            "price_mxn": event.price_mxn,
            "price_occurred_at": event.occurred_at,
            "price_source": identity[0],
            "price_message_id": identity[1],
        }
        if car is None:
            session.add(
                CarModel(
                    id=event.car_id,
                    make=event.make,
                    model=event.model,
                    make_key=(event.make or "").casefold(),
                    model_key=(event.model or "").casefold(),
                    year=event.year,
                    **price,
                )
            )
        elif event.occurred_at > car.price_occurred_at:
            for name, value in price.items():
                setattr(car, name, value)
        session.add(
            ProcessedMessageModel(
                source=identity[0],
                message_id=identity[1],
                type=raw.type,
                car_id=event.car_id,
                outcome="applied",
                digest=b"",
            )
        )


if __name__ == "__main__":
    asyncio.run(FastStream(broker, logger=None).run())
