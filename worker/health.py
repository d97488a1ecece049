"""Liveness and readiness of this process."""

import math
from collections.abc import Sequence
from datetime import datetime

from typing_extensions import override

from worker.application.outcomes import Failure, Result
from worker.infra.durations import Durations
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
        self._loop = _Silence()
        self._progress = _Silence()
        metrics.in_flight.set_function(self._in_flight)
        metrics.consumer_up.set_function(self._is_consuming)
        metrics.holding.set_function(lambda: self._holding is not None)

    def tick(self) -> None:
        """Counts a second; called once a second by the watchdog."""
        self._loop.tick()
        self._seconds_since_refusal += 1
        if self._is_consuming() and not self._in_flight():
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
    def batch_settled(self, results: Sequence[tuple[str, Result]], seconds: float) -> None:
        self._progress.broken()
        self._metrics.batch_settled(results, seconds)

    @override
    def suspect_given_up(self, type_: str, failure: Failure) -> None:
        self._metrics.suspect_given_up(type_, failure)

    @override
    def batch_lagged(self, occurred_at: datetime | None, published_at: datetime | None) -> None:
        self._metrics.batch_lagged(occurred_at, published_at)

    @override
    def republished(self, failure: Failure, queue: str) -> None:
        self._progress.broken()
        self._metrics.republished(failure, queue)

    @override
    def store_answered(self, problem: str | None) -> None:
        self._progress.broken()
        self._refused_work = problem or ""
        self._seconds_since_refusal = math.inf if problem is None else 0

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
        """Why this process does not consume; empty if it does."""
        problems = self.live_problems()
        if not self._is_consuming():
            problems.append(f"no consumer is registered at RabbitMQ: {self._waiting_for}")
        if self._store_problem is not None:
            problems.append(self._store_problem)
        elif self._is_refused():
            problems.append(f"PostgreSQL answers but accepts no transactions: {self._refused_work}")
        if self._holding is not None:
            problems.append(self._holding)
        return problems

    def _is_refused(self) -> bool:
        """Whether the last transaction failed a short while ago.

        It outlives the subscription: one that begins anew says nothing about the database.
        """
        return self._seconds_since_refusal <= self._durations.refusal_counts

    def _is_consuming(self) -> bool:
        return self._subscription is not None and self._subscription.is_consuming

    def _in_flight(self) -> int:
        return self._subscription.in_flight if self._subscription is not None else 0
