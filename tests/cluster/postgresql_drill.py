"""A drill on a PostgreSQL pair."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from tests.cluster.cluster_drill import ClusterDrill
from tests.cluster.postgresql_pair import PostgresPair
from tests.cluster.postgresql_site import PairSite
from tests.faults.audit import Identity, read_audit
from tests.faults.report import DrillReport
from tests.support.broker import MAIN, connect
from tests.support.histories import Event


@dataclass
class PairDrill(ClusterDrill[PairSite]):
    """Knows how the primary is lost."""

    @property
    def pair(self) -> PostgresPair:
        return self.site.pair

    @asynccontextmanager
    async def sending(self, events: Sequence[Event]) -> AsyncIterator[None]:
        """As `load`, with these events."""
        before = await self.recorded()
        publishing = asyncio.create_task(self.publish(events))
        try:
            await self.until_more_recorded_than(before)
            yield
            await publishing
        finally:
            publishing.cancel()

    async def fail_over(self) -> float:
        """The primary loses power and the standby takes over; returns when it had."""
        await asyncio.to_thread(self.pair.primary.kill)
        self.faults += 1
        await self.pair.promote()
        return time.monotonic()

    async def until_worker_logs(self, words: str) -> None:
        async def logged() -> bool:
            return any(words in worker.log for worker in self.workers)

        await self.until(logged, words)

    async def missing(self) -> set[Identity]:
        """Events that are not recorded although no message is left."""
        await self.until(self._is_idle, "an empty queue and idle workers")
        recorded = (await read_audit(self.site.database_url)).recorded
        return {(event.source, event.message_id) for event in self.accepted} - recorded

    async def _is_idle(self) -> bool:
        async with connect(self.site.rabbitmq_url) as broker:
            is_empty = await broker.count(MAIN) == 0
        return is_empty and not any(worker.in_flight() for worker in self.workers)

    async def verdict_after_loss(self, lost: int) -> DrillReport:
        """The verdict, to whose losses these are added: they were healed meanwhile."""
        reports: list[DrillReport] = []
        add_report, self.add_report = self.add_report, reports.append
        report = await self.verdict()
        add_report(replace(report, lost=report.lost + lost))
        return report
