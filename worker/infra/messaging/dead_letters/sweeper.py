"""Sweeps the dead letters while a worker runs."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

import structlog

from worker.infra.durations import Durations
from worker.infra.messaging.amqp.connection import (
    BROKER_ERRORS,
    closing_is_an_error,
    in_brief,
)
from worker.infra.messaging.dead_letters.errors import DeadLettersError
from worker.infra.messaging.dead_letters.sweep import Look, SweepReport
from worker.infra.repeat_limited_log import RepeatLimitedLog

_log = structlog.get_logger(__name__)


class Sweeper:
    """Sweeps now and then; several workers do not sweep at once.

    `sweep` returns None while somebody else is at the dead letters.
    """

    def __init__(
        self, sweep: Callable[[Look], Awaitable[SweepReport | None]], durations: Durations
    ) -> None:
        self._sweep = sweep
        self._durations = durations
        self._trouble = RepeatLimitedLog(_log, durations.log_repeat)
        self._look_anyway_at = time.monotonic() + durations.look_every
        self._may_look = True

    async def run(self) -> None:
        """Looks no more once that has worn letters out, as only a policy can make it."""
        await self._pause(self._durations.first_sweep)
        while True:
            try:
                async with asyncio.timeout(self._durations.longest_sweep), closing_is_an_error():
                    self._tell(await self._sweep(self._look()))
            except (DeadLettersError, *BROKER_ERRORS) as trouble:
                self._trouble.warn("sweeping dead letters failed", in_brief(trouble))
            await self._pause(self._durations.sweep_every)

    def _look(self) -> Look:
        if not self._may_look:
            return Look.NEVER
        if time.monotonic() < self._look_anyway_at:
            return Look.IF_COUNTS_DIFFER
        self._look_anyway_at = time.monotonic() + self._durations.look_every
        return Look.ANYWAY

    async def _pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds * random.uniform(0.5, 1.5))  # noqa: S311 - no secret

    def _tell(self, report: SweepReport | None) -> None:
        if report is None:
            return
        if report.not_looked:
            self._trouble.warn("sweeping dead letters would remove them", report.not_looked)
            return
        self._trouble.over()
        if report.added or report.vanished:
            _log.warning(
                "dead letters without a record, or no longer in the queue",
                added=report.added,
                vanished=report.vanished,
            )
        if report.worn_out:
            self._may_look = False
            _log.error(
                "dead letters left the queue because they were looked at: no more sweeps",
                messages=report.worn_out,
                likely_cause="a policy that sets delivery-limit; see `inventory-worker doctor`",
            )
