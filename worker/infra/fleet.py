"""What operators tell all workers, and what each worker tells of itself."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Pause:
    """An operator's order to all workers: consume nothing.

    `until` is None if only `resume` ends it. `resumed_at` is None while it is in force;
    `resumed_by` stays None if it ended by itself.
    """

    id: int
    reason: str
    paused_by: str
    paused_at: datetime
    until: datetime | None
    resumed_at: datetime | None
    resumed_by: str | None

    def __str__(self) -> str:
        until = "" if self.until is None else f" until {_instant(self.until)}"
        return f"paused by {self.paused_by} since {_instant(self.paused_at)}{until}: {self.reason}"


class WorkerState(StrEnum):
    """What a worker does; `SILENT` is said of one that says nothing any more."""

    CONSUMING = "consuming"
    PAUSING = "pausing"
    PAUSED = "paused"
    WAITING = "waiting"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class WorkerReport:
    """A worker, as it sees itself.

    `detail` is what it waits for. `rabbitmq_node` is None without a connection; `lag_seconds`,
    the event lag of its last batch, and `settled_seconds_ago` are None before the first.
    """

    state: WorkerState
    detail: str
    rabbitmq_node: str | None
    in_flight: int
    lag_seconds: float | None
    settled_seconds_ago: float | None


def _instant(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"
