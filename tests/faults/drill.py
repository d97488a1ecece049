"""One drill: workers under load, faults, and the verdict."""

import asyncio
import logging
import random
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Generic

from typing_extensions import TypeVar

from dev.worker_process import WorkerProcess
from tests.faults import audit
from tests.faults.aftermath import Aftermath
from tests.faults.report import DrillReport
from tests.faults.site import DrillSite, Site
from tests.support.broker import connect, delete_our_queues
from tests.support.histories import CREATED, Event, random_history, with_duplicates
from tests.support.hooked_worker import MODULE
from tests.support.persistent_publisher import publish_persistently

PATIENCE_SECONDS = 240
RETRY_DELAYS = "200ms,1s,3s,10s,30s,1m"
"""Together longer than any fault."""

FAILS_FIRST = "10"
"""One price change in so many has to be retried."""

SMALL_BATCHES = {"WORKER_BATCH_SIZE": "10"}
"""Of the many cars of a load, most have no car in common, so two are under way."""

FREE = {"price_mxn": "0"}
_LOOK_AGAIN_SECONDS = 0.03

_log = logging.getLogger(__name__)


S = TypeVar("S", bound=DrillSite, default=Site)


@dataclass
class Drill(Generic[S]):
    """What a drill needs; `report` is what it is for."""

    name: str
    rng: random.Random
    add_report: Callable[[DrillReport], None]
    site: S
    folder: Path
    workers: list[WorkerProcess] = field(default_factory=list)
    accepted: list[Event] = field(default_factory=list)
    refused: list[Event] = field(default_factory=list)
    published: int = 0
    faults: int = 0
    silences: list[float] = field(default_factory=list)
    recoveries: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.aftermath = Aftermath(self.site, self.accepted, self.refused)

    def start_workers(self, count: int, **variables: str) -> list[WorkerProcess]:
        """Starts workers that reach both servers through the proxies."""
        new = [self.new_worker(**variables).start() for _ in range(count)]
        for worker in new:
            worker.wait_ready()
        return new

    def new_worker(self, **variables: str) -> WorkerProcess:
        urls = self.site.worker_database_url, variables.pop("url", self.site.worker_rabbitmq_url)
        log = self.folder / f"worker-{len(self.workers)}.log"
        command = (sys.executable, "-m", MODULE)
        variables = {
            "WORKER_RETRY_DELAYS": RETRY_DELAYS,
            "FAILS_FIRST": FAILS_FIRST,
            **variables,
        }
        worker = WorkerProcess(*urls, log, variables, command)
        self.workers.append(worker)
        return worker

    def history(
        self, events: int, *, duplicates: float = 0.1, cars: int | None = None
    ) -> list[Event]:
        """A new random history of accepted events, some of them sent twice."""
        cars = cars or max(2, min(200, events // 20))
        history = random_history(self.rng, cars=cars, events=events, prefix=self._prefix())
        self.accepted += history
        return with_duplicates(self.rng, history, duplicates)

    def poison(self, events: int) -> list[Event]:
        """Events that no worker can ever accept."""
        cheap = [
            replace(event, message_id=f"poison-{event.message_id}", data=event.data | FREE)
            for event in random_history(self.rng, cars=events, events=events, prefix=self._prefix())
        ]
        self.refused += cheap
        return cheap

    async def create_cars(self, events: int) -> list[Event]:
        """Has the creations of a history recorded, so that none of the rest is early.

        Returns the rest, to be published.
        """
        before = await self.recorded()
        history = self.history(events)
        creations = {event.message_id: event for event in history if event.type == CREATED}
        await self.publish(list(creations.values()))
        await self.until_more_recorded_than(before + len(creations) - 1)
        return [event for event in history if event.type != CREATED]

    async def publish(self, events: Sequence[Event]) -> None:
        self.published += len(events)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await publish_persistently(lambda: self.site.rabbitmq_url, _at_once(events))

    @asynccontextmanager
    async def load(self, events: int, *, duplicates: float = 0.1) -> AsyncIterator[None]:
        """Publishes in the background, and goes on when the workers have begun with it."""
        before = await self.recorded()
        history = self.history(events, duplicates=duplicates, cars=events // 2)
        publishing = asyncio.create_task(self.publish(history))
        try:
            await self.until_more_recorded_than(before)
            yield
            await publishing
        finally:
            publishing.cancel()

    async def recovery(self, began: float) -> None:
        """Notes the time from a moment until the workers record a message again."""
        before = await self.recorded()
        async with self.load(20):
            await self.until_more_recorded_than(before)
        self.recoveries.append(time.monotonic() - began)

    async def recorded(self) -> int:
        """How many messages are recorded; waits for a database that is away."""
        counts: list[int | None] = []

        async def known() -> bool:
            counts.append(await audit.count_recorded(self.site.database_url))
            return counts[-1] is not None

        await self.until(known, "an answer of the database")
        return counts[-1] or 0

    async def until_more_recorded_than(self, before: int) -> None:
        async def more() -> bool:
            return (await audit.count_recorded(self.site.database_url) or 0) > before

        await self.until(more, f"more than {before} messages recorded")

    async def verdict(self, *, dead_as: str | None = None) -> DrillReport:
        """Waits for the end of each message, ends the workers, and notes the line of the table.

        `dead_as` is the code under which the refused events belong in the dead letters.
        """
        await self.until(
            self.aftermath.is_over, "each message recorded or dead, and an empty queue"
        )
        for worker in self.workers:
            worker.end_in_good_order()
        report = DrillReport(
            drill=self.name,
            messages=self.published,
            faults=self.faults,
            **await self.aftermath.count_harm(dead_as),
            seconds_of_silence=max(self.silences, default=None),
            seconds_to_recover=max(self.recoveries, default=0.0),
        )
        self.add_report(report)
        for identity, codes in self.aftermath.wrongly_dead(dead_as).items():
            _log.error("wrongly dead-lettered: %s as %s", identity, codes)
        return report

    async def until_all_recorded(self) -> None:
        await self.until_more_recorded_than(len(self.accepted) - 1)

    async def until(self, condition: Callable[[], Awaitable[bool]], what: str) -> None:
        """Returns when the condition holds; fails with the workers' last words if it never does.

        It looks for a quarter of the time at most: a look may read thousands of rows, and the
        workers need the same cores.
        """
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                began = time.monotonic()
                while not await condition():
                    took = time.monotonic() - began
                    await asyncio.sleep(max(_LOOK_AGAIN_SECONDS, 3 * took))
                    began = time.monotonic()
        except TimeoutError:
            raise AssertionError(f"waited in vain for {what}\n{self._explain()}") from None

    def _prefix(self) -> str:
        return f"{self.rng.getrandbits(32):08x}-"

    def _explain(self) -> str:
        logs = "\n\n".join(worker.log[-2000:] for worker in self.workers)
        in_hand = [worker.in_flight() for worker in self.workers]
        open_ones = sorted(self.aftermath.open_ones)[:20]
        return f"{logs}\nin flight: {in_hand}\nopen: {open_ones}\n{self.site.explain()}"


async def empty(site: DrillSite) -> None:
    """Leaves neither rows nor queues of an earlier drill."""
    await audit.execute(site.database_url, audit.EMPTY)
    await delete_our_queues(site.rabbitmq_url)
    async with connect(site.rabbitmq_url) as broker:
        for delay in RETRY_DELAYS.split(","):
            await broker.delete_queue(f"inventory-worker.retry.{delay}")


async def _at_once(events: Sequence[Event]) -> AsyncIterator[Sequence[Event]]:
    yield events
