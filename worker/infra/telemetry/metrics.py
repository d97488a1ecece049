"""The worker's Prometheus metrics. Labels are few and never contain an id."""

import time
from collections import Counter as Tally
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    disable_created_metrics,
)

from worker import __version__
from worker.application.outcomes import Failure, Outcome, Result
from worker.infra.fleet import Pause

_BATCH_SIZES = (1, 2, 5, 10, 25, 50, 100, 200, 400, 800, 1600)
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_LAG_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14_400, 86_400)


class Pool(Protocol):
    """The counts of a connection pool."""

    def checkedout(self) -> int:
        """Connections in use."""
        ...

    def checkedin(self) -> int:
        """Idle connections."""
        ...


class Metrics:
    """Updated once per batch, to keep the cost per message negligible."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # one more series per metric, unused
        self.registry = CollectorRegistry()
        self._messages = Counter(
            "inventory_worker_messages",
            "Messages by type and result: an outcome, or the error code of a failure.",
            ("type", "result"),
            registry=self.registry,
        )
        self._republished = Counter(
            "inventory_worker_republished_messages",
            "Copies published to a retry queue or the dead letters, by error code.",
            ("queue", "code"),
            registry=self.registry,
        )
        self._batch_size = Histogram(
            "inventory_worker_batch_messages",
            "Messages applied together in one transaction.",
            buckets=_BATCH_SIZES,
            registry=self.registry,
        )
        self._transaction = Histogram(
            "inventory_worker_transaction_seconds",
            "Time from taking a batch to its commit.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._event_lag = Histogram(
            "inventory_worker_event_lag_seconds",
            "Commit of a batch minus `occurred_at` of its oldest event.",
            buckets=_LAG_SECONDS,
            registry=self.registry,
        )
        self._delivery_lag = Histogram(
            "inventory_worker_delivery_lag_seconds",
            "Commit of a batch minus the AMQP timestamp of its oldest message, if set.",
            buckets=_LAG_SECONDS,
            registry=self.registry,
        )
        self.consumer_up = Gauge(
            "inventory_worker_consumer_up",
            "1 while our consumer is registered at the broker.",
            registry=self.registry,
        )
        self._node = Gauge(
            "inventory_worker_rabbitmq_node_info",
            "1 for the RabbitMQ node that we consume from; absent while we do not.",
            ("node",),
            registry=self.registry,
        )
        self.in_flight = Gauge(
            "inventory_worker_in_flight_messages",
            "Messages delivered to this process and not settled yet.",
            registry=self.registry,
        )
        self.holding = Gauge(
            "inventory_worker_holding",
            "1 while messages are held because most of them fail with unexpected-error.",
            registry=self.registry,
        )
        self._wedges = Counter(
            "inventory_worker_wedges",
            "Subscriptions ended because RabbitMQ delivered nothing on them, by what it said.",
            ("kind",),
            registry=self.registry,
        )
        self._standing = Gauge(
            "inventory_worker_standing_messages",
            "Messages that stand still at the broker: held by no worker, or retries not passed on.",
            ("queue",),
            registry=self.registry,
        )
        self._paused = Gauge(
            "inventory_worker_paused",
            "1 while operators pause this worker.",
            registry=self.registry,
        )
        self._pause_started = Gauge(
            "inventory_worker_pause_started_timestamp_seconds",
            "When operators paused it, in Unix time; 0 without a pause.",
            registry=self.registry,
        )
        self._pause_until = Gauge(
            "inventory_worker_pause_until_timestamp_seconds",
            "When the pause ends by itself, in Unix time; 0 if it does not, or without one.",
            registry=self.registry,
        )
        self.clock_skew = Gauge(
            "inventory_worker_clock_skew_seconds",
            "The worker's clock minus PostgreSQL's.",
            registry=self.registry,
        )
        self._dead_letters = Gauge(
            "inventory_worker_dead_letters",
            "Dead letters by state: dead, muted by a note, or vanished from the queue without us.",
            ("state",),
            registry=self.registry,
        )
        self._awaited_cars = Gauge(
            "inventory_worker_awaited_cars",
            "Cars that are not created yet although something was said of them.",
            registry=self.registry,
        )
        self._awaited_seconds = Gauge(
            "inventory_worker_oldest_awaited_car_seconds",
            "How long the oldest of them has been awaited; 0 if there is none.",
            registry=self.registry,
        )
        self.last_settlement = Gauge(
            "inventory_worker_last_settlement_timestamp_seconds",
            "When a batch was last settled, in Unix time.",
            registry=self.registry,
        )
        Info("inventory_worker_build", "The release.", registry=self.registry).info(
            {"version": __version__}
        )

    def batch_settled(self, results: Sequence[tuple[str, Result]], seconds: float) -> None:
        """Counts a batch."""
        tally = Tally((type_, _label(result)) for type_, result in results)
        for (type_, label), count in tally.items():
            self._messages.labels(type_, label).inc(count)
        self._batch_size.observe(len(results))
        self._transaction.observe(seconds)
        self.last_settlement.set(time.time())

    def suspect_given_up(self, type_: str, failure: Failure) -> None:
        """Counts a message that was not part of a batch."""
        self._messages.labels(type_, _label(failure)).inc()

    def batch_lagged(self, occurred_at: datetime | None, published_at: datetime | None) -> None:
        """Records the lags of a batch, measured from its oldest event and message."""
        now = datetime.now(UTC)
        for lag, since in ((self._event_lag, occurred_at), (self._delivery_lag, published_at)):
            if since is not None:
                lag.observe(max(0.0, (now - since).total_seconds()))

    def watch_pool(self, pool: Callable[[], Pool]) -> None:
        """Exports the connections of the current pool, looked up per scrape: it may be replaced."""
        connections = Gauge(
            "inventory_worker_database_connections",
            "Connections to PostgreSQL, in use or idle in the pool.",
            ("state",),
            registry=self.registry,
        )
        connections.labels("in_use").set_function(lambda: pool().checkedout())
        connections.labels("idle").set_function(lambda: pool().checkedin())

    def connected(self, node: str | None) -> None:
        """Notes the node that we consume from, None for none."""
        self._node.clear()
        if node is not None:
            self._node.labels(node).set(1)

    def dead_letters_counted(self, *, dead: int, muted: int, vanished: int) -> None:
        """Notes how many wait for an operator."""
        self._dead_letters.labels("dead").set(dead)
        self._dead_letters.labels("muted").set(muted)
        self._dead_letters.labels("vanished").set(vanished)

    def awaited_cars_counted(self, cars: int, oldest: datetime | None) -> None:
        """Notes how many cars are awaited, and since when."""
        self._awaited_cars.set(cars)
        waited = 0.0 if oldest is None else (datetime.now(UTC) - oldest).total_seconds()
        self._awaited_seconds.set(max(0.0, waited))

    def wedged(self, kind: str) -> None:
        """Counts a subscription that got nothing."""
        self._wedges.labels(kind).inc()

    def stands_still(self, queue: str, messages: int) -> None:
        """Notes what a queue has that nobody is at."""
        self._standing.labels(queue).set(messages)

    def paused(self, pause: Pause | None) -> None:
        """Notes a pause, or that there is none."""
        self._paused.set(pause is not None)
        self._pause_started.set(pause.paused_at.timestamp() if pause else 0)
        self._pause_until.set(pause.until.timestamp() if pause and pause.until else 0)

    def republished(self, failure: Failure, queue: str) -> None:
        """Counts a copy."""
        self._republished.labels(queue, str(failure.code)).inc()


def _label(result: Result) -> str:
    return str(result) if isinstance(result, Outcome) else str(result.code)
