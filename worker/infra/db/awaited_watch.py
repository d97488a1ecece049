"""Looks after cars that something waits for, while the worker runs."""

import asyncio
from collections.abc import Awaitable, Callable, Collection

import structlog

from worker.domain.ports.unit_of_work import (
    ConcurrentChangeError,
    StatementRefusedError,
    StoreUnavailableError,
)
from worker.infra.db.errors import DATABASE_ERRORS, translate
from worker.infra.db.repositories.awaited_cars import AwaitedCounts, PostgresAwaitedCars
from worker.infra.durations import Durations

_log = structlog.get_logger(__name__)


class AwaitedWatch:
    """Counts awaited cars, and takes in what a worker of another release left behind."""

    def __init__(
        self,
        awaited: PostgresAwaitedCars,
        take_in: Callable[[Collection[str]], Awaitable[None]],
        report: Callable[[AwaitedCounts], None],
        durations: Durations,
    ) -> None:
        self._awaited = awaited
        self._take_in = take_in
        self._report = report
        self._durations = durations

    async def run(self) -> None:
        """Looks round after round; a database that is away only delays the next one."""
        while True:
            try:
                await self.look()
            except DATABASE_ERRORS as trouble:
                _log.warning("awaited cars not counted", reason=str(translate(trouble)))
            except (ConcurrentChangeError, StatementRefusedError, StoreUnavailableError) as trouble:
                _log.warning("nothing was taken in", reason=str(trouble))
            await asyncio.sleep(self._durations.look_at_awaited_every)

    async def look(self) -> None:
        """One round."""
        if left_behind := await self._awaited.find_left_behind():
            await self._take_in(left_behind)
            _log.info("took in what waited beside its car", cars=len(left_behind))
        self._report(await self._awaited.count())
