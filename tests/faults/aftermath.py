"""What is left when the dust has settled: which message is where, and what that proves."""

import asyncio
from collections.abc import Sequence
from typing import TypedDict

from aio_pika.exceptions import ChannelNotFoundEntity
from aiormq.exceptions import ConnectionInternalError

from tests.faults.audit import Audit, Identity, read_audit
from tests.faults.site import DrillSite
from tests.support.broker import DEAD_LETTERS, MAIN, connect
from tests.support.catalog import read_cars
from tests.support.histories import Event, fold
from worker.infra.db.engine import create_engine, create_sessions

_LOOK_SECONDS = 30
"""For a look at the dead letters."""


class Harm(TypedDict):
    """The three columns that must be zero."""

    lost: int
    applied_twice: int
    wrongly_dead: int


class Aftermath:
    """Compares tables and queues with what was published, and with its pure fold."""

    def __init__(
        self, site: DrillSite, accepted: Sequence[Event], refused: Sequence[Event]
    ) -> None:
        self._site = site
        self._accepted_events = accepted
        self._refused_events = refused
        self._dead: dict[Identity, set[str]] = {}
        self.open_ones: set[Identity] = set()
        """The messages that were neither recorded nor dead at the last look."""

    @property
    def _accepted(self) -> set[Identity]:
        return _identities(self._accepted_events)

    @property
    def _refused(self) -> set[Identity]:
        return _identities(self._refused_events)

    async def is_over(self) -> bool:
        """Whether each message is recorded or dead, and nothing waits."""
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                await self.take_dead_letters()
        except (ChannelNotFoundEntity, ConnectionInternalError, TimeoutError):
            # deleted by the drill: not declared again yet, or RabbitMQ 3.10 still had its name;
            # or a node that was cut off, and does not hear of the new leader
            return False
        audit = await read_audit(self._site.database_url)
        self.open_ones = (self._accepted | self._refused) - audit.recorded - self._dead.keys()
        return not self.open_ones and await self._queue_is_empty()

    async def count_harm(self, dead_as: str | None) -> Harm:
        """Counts messages; a car that differs from the fold counts as one lost, too."""
        await self.take_dead_letters()
        audit = await read_audit(self._site.database_url)
        return {
            "lost": len(self._lost(audit)) + await self._count_wrong_cars(),
            "applied_twice": len(audit.applied_twice),
            "wrongly_dead": len(self.wrongly_dead(dead_as)),
        }

    def wrongly_dead(self, dead_as: str | None) -> dict[Identity, set[str]]:
        """The dead letters seen so far that should be none, or of another code."""
        refused = self._refused
        return {
            identity: codes
            for identity, codes in self._dead.items()
            if identity not in refused or codes != {dead_as}
        }

    def _lost(self, audit: Audit) -> set[Identity]:
        return (self._accepted - audit.recorded) | (self._refused - self._dead.keys())

    async def _count_wrong_cars(self) -> int:
        engine = create_engine(lambda: self._site.database_url)
        try:
            catalog = await read_cars(create_sessions(engine))
        finally:
            await engine.dispose()
        expected = fold(self._accepted_events)
        return sum(catalog.get(id_) != expected.get(id_) for id_ in catalog.keys() | expected)

    async def take_dead_letters(self) -> None:
        """Empties the dead-letter queue, and remembers what was there."""
        async with connect(self._site.rabbitmq_url) as broker:
            async for message in broker.take_each(DEAD_LETTERS):
                identity = message.app_id or "", message.message_id or ""
                code = message.headers.get("x-error-code", "made by the broker")
                self._dead.setdefault(identity, set()).add(str(code))

    async def _queue_is_empty(self) -> bool:
        async with connect(self._site.rabbitmq_url) as broker:
            return await broker.count(MAIN) == 0


def _identities(events: Sequence[Event]) -> set[Identity]:
    return {(event.source, event.message_id) for event in events}
