"""Counts what stands still at the broker while a worker runs."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Collection

import structlog

from worker.infra.durations import Durations
from worker.infra.messaging.management.api import ManagementApi, ManagementError
from worker.infra.messaging.management.standing import count_overdue, count_strays, least_of
from worker.infra.messaging.names import MAIN_QUEUE
from worker.infra.repeat_limited_log import RepeatLimitedLog

_log = structlog.get_logger(__name__)


class StandingWatch:
    """Counts every minute; several workers count the same."""

    def __init__(
        self,
        api: ManagementApi,
        vhost: str,
        retries: Collection[str],
        report: Callable[[str, int], None],
        durations: Durations,
    ) -> None:
        self._api = api
        self._vhost = vhost
        self._retries = retries
        self._report = report
        self._durations = durations
        self._trouble = RepeatLimitedLog(_log, durations.log_repeat)

    async def run(self) -> None:
        """Counts round after round; an error only delays the count to the next one."""
        while True:
            spread = random.uniform(0.5, 1.5)  # noqa: S311 - no secret
            await asyncio.sleep(self._durations.strays_every * spread)
            try:
                standing = await least_of(self._count, self._durations.statistics_age)
            except ManagementError as error:
                self._trouble.warn("counting what stands still at RabbitMQ failed", str(error))
                continue
            self._trouble.over()
            for queue in (MAIN_QUEUE, *self._retries):
                self._report(queue, standing[queue])

    async def _count(self) -> Counter[str]:
        overdue = await count_overdue(self._api, self._vhost, self._retries)
        strays = await count_strays(self._api, self._vhost)
        return overdue + Counter({MAIN_QUEUE: sum((+strays).values())})
