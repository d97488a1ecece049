"""A drill on a cluster: its load never pauses, so that the longest silence tells something."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from typing_extensions import TypeVar

from tests.faults import audit
from tests.faults.drill import Drill
from tests.faults.site import DrillSite
from tests.support.histories import Event
from tests.support.persistent_publisher import publish_persistently

_CHUNK = 20
"""Events of a publisher at a time."""
_PAUSE_SECONDS = 0.2


class ClusterSite(DrillSite, Protocol):
    """Servers of which some may be away."""

    @property
    def publishers(self) -> int:
        """How many publishers make the load; one for each node of RabbitMQ."""

    def rabbitmq_url_for(self, publisher: int) -> str:
        """A node that answers, for each publisher another one where possible."""


S = TypeVar("S", bound=ClusterSite)


@dataclass
class ClusterDrill(Drill[S]):
    """Adds a steady load, and a recovery that waits for a message of its own."""

    @asynccontextmanager
    async def steady_load(self) -> AsyncIterator[None]:
        """Publishes all the time, and notes the longest time without a record.

        Goes on when the workers have begun with it, and ends when they keep up again.
        """
        before, stop = await self.recorded(), asyncio.Event()
        async with asyncio.TaskGroup() as publishing:
            for publisher in range(self.site.publishers):
                publishing.create_task(self._publish_until(stop, publisher))
            try:
                await self.until_more_recorded_than(before + self.site.publishers * _CHUNK)
                began = datetime.now(UTC)
                yield
                await self.until_more_recorded_than(await self.recorded() + 5 * _CHUNK)
            finally:
                stop.set()
            silence = await audit.longest_silence(self.site.database_url, began, datetime.now(UTC))
            self.silences.append(silence)

    async def recovery(self, began: float) -> None:
        """Notes the time from a moment until a message that was sent now is recorded."""
        probes = self.history(1, duplicates=0)
        await self.publish(probes)
        identities = {(event.source, event.message_id) for event in probes}

        async def are_recorded() -> bool:
            return await audit.are_recorded(self.site.database_url, identities)

        await self.until(are_recorded, "a record of a message sent after the fault")
        self.recoveries.append(time.monotonic() - began)

    async def _publish_until(self, stop: asyncio.Event, publisher: int) -> None:
        await publish_persistently(
            lambda: self.site.rabbitmq_url_for(publisher), self._chunks_until(stop)
        )

    async def _chunks_until(self, stop: asyncio.Event) -> AsyncIterator[Sequence[Event]]:
        while not stop.is_set():
            chunk = self.history(_CHUNK)
            self.published += len(chunk)
            yield chunk
            with suppress(TimeoutError):
                async with asyncio.timeout(_PAUSE_SECONDS):
                    await stop.wait()
