from dataclasses import dataclass
from functools import partial
from typing import Self

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from worker.health import Health
from worker.infra.clocks import Clocks
from worker.infra.db.database_probe import DatabaseProbe
from worker.infra.db.engine import Sessions, pool_of
from worker.infra.durations import Durations
from worker.infra.repeat_limited_log import RepeatLimitedLog
from worker.infra.telemetry.metrics import Metrics
from worker.settings import Settings

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Common:
    """Settings, connections, metrics and health, which most parts use."""

    settings: Settings
    durations: Durations
    engine: AsyncEngine
    sessions: Sessions
    metrics: Metrics
    health: Health
    clocks: Clocks
    database_probe: DatabaseProbe

    @classmethod
    def of(
        cls, settings: Settings, durations: Durations, engine: AsyncEngine, sessions: Sessions
    ) -> Self:
        """All of it for one database."""
        metrics = Metrics()
        clocks = Clocks(durations.clocks_apart)
        metrics.clock_skew.set_function(lambda: clocks.skew)
        metrics.watch_pool(partial(pool_of, engine))
        remarks = RepeatLimitedLog(_log, durations.log_repeat)
        return cls(
            settings=settings,
            durations=durations,
            engine=engine,
            sessions=sessions,
            metrics=metrics,
            health=Health(metrics, durations),
            clocks=clocks,
            database_probe=DatabaseProbe(engine, clocks, remarks, durations),
        )
