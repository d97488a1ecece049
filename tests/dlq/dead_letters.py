"""Dead letters laid into the queue as the worker leaves them, without one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Self

import aio_pika
from aio_pika.abc import AbstractConnection, AbstractIncomingMessage

from dev.servers import Servers
from tests.support.broker import DEAD_LETTERS
from tests.support.histories import CHANGED, CREATED, Event
from tests.support.messages import message_of
from tests.support.units_of_work import unit_of_work
from worker.application.apply_batch import ApplyBatch
from worker.dead_letters.session import open_session
from worker.infra.db.engine import Sessions
from worker.infra.durations import DEFAULT_DURATIONS, Durations
from worker.infra.messaging.dead_letters.sweep import SweepReport
from worker.settings import Settings

DIED_AT = "2026-01-31T02:50:00.000+00:00"


class DeadLetterQueue:
    """A connection that lays messages there, and reads them without the worker's code."""

    def __init__(
        self, connection: AbstractConnection, sweep: Callable[[], Awaitable[SweepReport]]
    ) -> None:
        self._connection = connection
        self._sweep = sweep

    @classmethod
    @asynccontextmanager
    async def connect(cls, servers: Servers) -> AsyncIterator[Self]:
        connection = await aio_pika.connect(servers.rabbitmq_url)
        async with connection:
            yield cls(connection, partial(sweep_once, servers))

    async def lay(
        self, events: Iterable[Event], code: str = "car-not-found", **headers: Any
    ) -> None:
        """Lays events as the worker would; headers may be named with `_` for `-`."""
        changed = {name.replace("_", "-"): value for name, value in headers.items()}
        await self.lay_messages(
            aio_pika.Message(
                event.body,
                content_type="application/json",
                delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
                message_id=event.message_id,
                type=event.type,
                app_id=event.source or None,
                headers=bookkeeping(code, event) | changed,
            )
            for event in events
        )

    async def lay_messages(self, messages: Iterable[aio_pika.Message]) -> None:
        """Lays any message, and returns when all of them have rows, as after a worker's sweep."""
        before, count = await self.count(), 0
        channel = await self._connection.channel(publisher_confirms=False)
        exchange = await channel.get_exchange("inventory-worker", ensure=False)
        for message in messages:
            await exchange.publish(message, DEAD_LETTERS)
            count += 1
        await self.wait_count(before + count)
        await channel.close()
        await self.sweep()

    async def sweep(self) -> None:
        """Compares rows and queue, as a worker does every few minutes."""
        await self._sweep()

    async def wait_count(self, count: int, queue: str = DEAD_LETTERS) -> None:
        """Returns when so many messages lie in a queue, or more."""
        async with asyncio.timeout(120):
            while await self.count(queue) < count:  # noqa: ASYNC110 - the broker tells nobody
                await asyncio.sleep(0.05)

    async def count(self, queue: str = DEAD_LETTERS) -> int:
        """Messages ready in a queue."""
        async with self._connection.channel() as channel:
            declared = await channel.declare_queue(queue, passive=True)
            return int(declared.declaration_result.message_count or 0)

    async def take_all(self, queue: str = DEAD_LETTERS) -> list[AbstractIncomingMessage]:
        """Removes and returns every message of a queue, oldest first."""
        async with self._connection.channel() as channel:
            source = await channel.get_queue(queue)
            taken = []
            while message := await source.get(no_ack=True, fail=False):
                taken.append(message)
            return taken


def settings_of(servers: Servers, **others: str) -> Settings:
    """Those of somebody who works on these servers."""
    urls = {"database_url": servers.database_url, "rabbitmq_url": servers.rabbitmq_url}
    return Settings.model_validate(urls | others)


async def sweep_once(servers: Servers, durations: Durations = DEFAULT_DURATIONS) -> SweepReport:
    """Does what a worker does every few minutes."""
    async with open_session(
        settings_of(servers), "sweep", by="test", durations=durations, on_wait=lambda: None
    ) as session:
        return await session.sweep()


async def apply_events(sessions: Sessions, events: Iterable[Event]) -> None:
    """Does what a worker does with events that nothing is wrong with."""
    apply = ApplyBatch(lambda: unit_of_work(sessions))
    await apply([message_of(event) for event in events])


def bookkeeping(code: str, event: Event) -> dict[str, Any]:
    """What the worker writes on a dead letter."""
    return {
        "x-error-code": code,
        "x-error-detail": f"{code} of {event.data.get('car_id')}",
        "x-error-at": DIED_AT,
        "x-first-error-at": DIED_AT,
        "x-attempts": 4,
        "x-replays": 0,
        "x-original-exchange": "inventory.events",
        "x-original-routing-key": event.type,
        "x-worker-version": "0.1.0",
    }


def price_changes(count: int, prefix: str = "p") -> list[Event]:
    """Price changes of `car-0`, `car-1`..., each newer than the creation."""
    return [_event(CHANGED, f"{prefix}-{i}", i, "2026-02-01T00:00:00+00:00") for i in range(count)]


def creations(count: int, prefix: str = "c") -> list[Event]:
    """Creations of the same cars."""
    described = {"make": "Nissan", "model": "Versa", "year": 2020}
    return [
        _event(CREATED, f"{prefix}-{i}", i, "2026-01-01T00:00:00+00:00", **described)
        for i in range(count)
    ]


def _event(type_: str, message_id: str, number: int, occurred_at: str, **more: object) -> Event:
    price = {"price_mxn": f"{100_000 + number}.00", "occurred_at": occurred_at}
    return Event(type_, "/pricing", message_id, {"car_id": f"car-{number}", **more, **price})
