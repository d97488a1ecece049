"""The truth about this process, for whoever restarts it or sends it work."""

import time
from collections.abc import Sequence

from worker.application.outcomes import Failure, Result
from worker.infra.messaging.observer import Consuming
from worker.infra.telemetry.metrics import Metrics

STUCK_AFTER_SECONDS = 30.0
"""How long the event loop may give no sign of life before a restart is what helps."""

HEARTBEAT_SECONDS = 1.0


class Health:
    """Watches the consumer (as its `Observer`) and the event loop; read from another thread."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._subscription: Consuming | None = None
        self._store_answers = True
        self._loop_seen_at = time.monotonic()

    def heartbeat(self) -> None:
        """The event loop turns."""
        self._loop_seen_at = time.monotonic()
        self._metrics.consumer_up.set(self._is_consuming())

    def consuming(self, subscription: Consuming | None) -> None:
        """See the protocol."""
        self._subscription = subscription
        self._metrics.consumer_up.set(self._is_consuming())

    def batch_settled(self, results: Sequence[tuple[str, Result]], seconds: float) -> None:
        """See the protocol."""
        self._metrics.batch_settled(results, seconds)

    def republished(self, failure: Failure, queue: str) -> None:
        """See the protocol."""
        self._metrics.republished(failure, queue)

    def store_answers(self, *, yes: bool) -> None:
        """See the protocol."""
        self._store_answers = yes

    def live_problems(self) -> list[str]:
        """What only a restart would mend."""
        silent = time.monotonic() - self._loop_seen_at
        if silent > STUCK_AFTER_SECONDS:
            return [f"the event loop has been stuck for {silent:.0f} s"]
        return []

    def ready_problems(self) -> list[str]:
        """Why this process does not consume now."""
        problems = self.live_problems()
        if not self._is_consuming():
            problems.append("no consumer is registered at RabbitMQ")
        if not self._store_answers:
            problems.append("PostgreSQL takes no work")
        return problems

    def _is_consuming(self) -> bool:
        return self._subscription is not None and self._subscription.is_consuming
