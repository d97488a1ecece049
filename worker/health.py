"""Liveness and readiness of this process."""

import math
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from typing_extensions import override

from worker.application.outcomes import Failure, Result
from worker.infra.durations import Durations
from worker.infra.fleet import Pause, WorkerReport, WorkerState
from worker.infra.messaging.consuming.observer import Consuming, Observer
from worker.infra.telemetry.metrics import Metrics


class _Silence:
    """Seconds since the last sign of life, counted by a watchdog that freezes with the process."""

    def __init__(self) -> None:
        self.seconds = 0

    def tick(self) -> None:
        self.seconds += 1

    def broken(self) -> None:
        self.seconds = 0


class Health(Observer):
    """Watches the consumer and the event loop; read from other threads."""

    def __init__(self, metrics: Metrics, durations: Durations) -> None:
        self._durations = durations
        self._metrics = metrics
        self._subscription: Consuming | None = None
        self._waiting_for = "not started yet"
        self._store_problem: str | None = None
        self._refused_work = ""
        self._seconds_since_refusal = math.inf
        self._holding: str | None = None
        self._lag_seconds: float | None = None
        self._settled_at: float | None = None
        self.pause: Pause | None = None
        """Why this worker consumes nothing, although nothing is wrong."""
        self._loop = _Silence()
        self._progress = _Silence()
        metrics.in_flight.set_function(self._in_flight)
        metrics.consumer_up.set_function(self._is_consuming)
        metrics.holding.set_function(lambda: self._holding is not None and self.pause is None)

    def tick(self) -> None:
        """Counts a second; called once a second by the watchdog."""
        self._loop.tick()
        if not self._in_flight():
            self._seconds_since_refusal += 1
        if (self._is_consuming() and not self._in_flight()) or self._is_paused():
            self._progress.broken()
        else:
            self._progress.tick()

    def heartbeat(self) -> None:
        """Notes that the event loop runs."""
        self._loop.broken()

    @override
    def consuming(self, subscription: Consuming | None) -> None:
        self._subscription = subscription
        self._metrics.connected(None if subscription is None else subscription.node)
        self._waiting_for = "the subscription was lost"
        self._progress.broken()

    @override
    def waiting(self, problem: str) -> None:
        self._waiting_for = problem
        self._progress.broken()

    @override
    def paused(self, pause: Pause | None) -> None:
        self.pause = pause
        self._waiting_for = "resuming"
        self._progress.broken()
        self._metrics.paused(pause)

    @override
    def batch_settled(self, results: Sequence[tuple[str, Result]], seconds: float) -> None:
        self._progress.broken()
        self._settled_at = time.monotonic()
        self._metrics.batch_settled(results, seconds)

    @override
    def suspect_given_up(self, type_: str, failure: Failure) -> None:
        self._metrics.suspect_given_up(type_, failure)

    @override
    def batch_lagged(self, occurred_at: datetime | None, published_at: datetime | None) -> None:
        if occurred_at is not None:
            self._lag_seconds = max(0.0, (datetime.now(UTC) - occurred_at).total_seconds())
        self._metrics.batch_lagged(occurred_at, published_at)

    @override
    def republished(self, failure: Failure, queue: str) -> None:
        self._progress.broken()
        self._metrics.republished(failure, queue)

    @override
    def store_refused(self, problem: str) -> None:
        self._progress.broken()
        self._refused_work = problem
        self._seconds_since_refusal = 0

    @override
    def store_took_work(self) -> None:
        self._progress.broken()
        self._seconds_since_refusal = math.inf

    @override
    def wedged(self, kind: str) -> None:
        self._metrics.wedged(kind)

    @override
    def holding(self, problem: str | None) -> None:
        self._progress.broken()
        self._holding = problem

    def store_probed(self, problem: str | None) -> None:
        """Notes the problem that a database check found; None if there is none."""
        self._store_problem = problem

    def live_problems(self) -> list[str]:
        """Problems that only a restart fixes; an unavailable server is none of them."""
        problems = []
        if self._loop.seconds > self._durations.stuck_after:
            problems.append(f"the event loop has been stuck for {self._loop.seconds} s")
        if self._progress.seconds > self._durations.no_progress_after:
            what = (
                "progress with in-flight messages" if self._is_consuming() else "attempt to consume"
            )
            problems.append(f"no {what} for {self._progress.seconds} s")
        return problems

    def ready_problems(self) -> list[str]:
        """Why this process does not do its part, which is to consume, or nothing in a pause."""
        problems = self.live_problems()
        if self.pause is not None:
            return problems
        if not self._is_consuming():
            problems.append(f"no consumer is registered at RabbitMQ: {self._waiting_for}")
        if self._store_problem is not None:
            problems.append(self._store_problem)
        elif self._is_refused():
            problems.append(f"PostgreSQL answers but accepts no transactions: {self._refused_work}")
        if self._holding is not None:
            problems.append(self._holding)
        return problems

    def report(self) -> WorkerReport:
        """What other processes see of this one."""
        state, subscription = self._state(), self._subscription
        ago = None if self._settled_at is None else time.monotonic() - self._settled_at
        return WorkerReport(
            state=state,
            detail="; ".join(self.ready_problems()),
            rabbitmq_node=None if subscription is None else subscription.node,
            in_flight=self._in_flight(),
            lag_seconds=self._lag_seconds,
            settled_seconds_ago=ago,
        )

    def _state(self) -> WorkerState:
        if self._is_paused():
            return WorkerState.PAUSED
        if self.pause is not None:
            return WorkerState.PAUSING
        return WorkerState.CONSUMING if self._is_consuming() else WorkerState.WAITING

    def _is_paused(self) -> bool:
        """Whether it is paused and has finished what was in hand."""
        return self.pause is not None and self._subscription is None

    def _is_refused(self) -> bool:
        """Whether a transaction failed and no batch has committed since.

        It outlives the subscription: one that begins anew says nothing about the database. Nor
        does the probe: its rows are new, so that a lock on a row of ours does not block it.
        """
        return self._seconds_since_refusal <= self._durations.refusal_counts

    def _is_consuming(self) -> bool:
        subscription = self._subscription  # read once: other threads ask, and it may go meanwhile
        return subscription is not None and subscription.is_consuming

    def _in_flight(self) -> int:
        subscription = self._subscription
        return 0 if subscription is None else subscription.in_flight
