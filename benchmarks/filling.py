"""Fills the queue with events of many cars: half creations, half price changes."""

import asyncio
import json
from collections.abc import Iterator

import aio_pika
from pamqp.commands import Basic

CREATED = "inventory.car-created.v1"
CHANGED = "inventory.price-changed.v1"

SOURCE = "/bench"

LEAD = 5_000
"""Maximum distance between a creation and the price change of its car.

More than all consumers hold together, because the peers have no retries."""

_PERSISTENT = 2
_MAKES = ("Nissan", "Volkswagen", "Chevrolet", "Toyota", "ŠKODA")


def events(count: int) -> Iterator[tuple[str, str, bytes]]:
    """Type, id and body of `count` events."""
    cars = count // 2
    lead = min(LEAD, cars)
    for i in range(cars + lead):
        if i < cars:
            data = {"make": _MAKES[i % 5], "model": f"M{i % 40}", "year": 2000 + i % 26}
            yield CREATED, f"created-{i}", _body(i, "2026-01-01T00:00:00-06:00", **data)
        if i >= lead:
            car = i - lead
            yield CHANGED, f"changed-{car}", _body(car, "2026-02-01T00:00:00-06:00")


def _body(car: int, occurred_at: str, **data: object) -> bytes:
    price = f"{100_000 + car % 900_000}.{car % 100:02d}"
    event = {"car_id": f"MX-{car:07d}", **data, "price_mxn": price, "occurred_at": occurred_at}
    return json.dumps(event, ensure_ascii=False).encode()


async def fill(rabbitmq_url: str, count: int) -> None:
    """Returns when the broker has confirmed all of them."""
    connection = await aio_pika.connect(rabbitmq_url)
    async with connection:
        channel = await connection.channel()
        underlay = await channel.get_underlay_channel()
        in_flight = asyncio.Semaphore(1_000)

        async def publish(type_: str, message_id: str, body: bytes) -> None:
            async with in_flight:
                await underlay.basic_publish(
                    body,
                    exchange="inventory.events",
                    routing_key=type_,
                    properties=Basic.Properties(
                        content_type="application/json",
                        delivery_mode=_PERSISTENT,
                        message_id=message_id,
                        message_type=type_,
                        app_id=SOURCE,
                    ),
                )

        async with asyncio.TaskGroup() as group:
            for event in events(count):
                await in_flight.acquire()
                in_flight.release()
                group.create_task(publish(*event))
