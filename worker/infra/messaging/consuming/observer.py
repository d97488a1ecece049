from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from worker.application.outcomes import Failure, Result
from worker.infra.fleet import Pause


class Consuming(Protocol):
    """The state of a subscription."""

    @property
    def node(self) -> str:
        """The RabbitMQ node that it is connected to."""
        ...

    @property
    def is_consuming(self) -> bool:
        """Whether our consumer is still registered at the broker."""
        ...

    @property
    def in_flight(self) -> int:
        """Number of unsettled deliveries."""
        ...


class Observer(Protocol):
    """Receives what happens to messages, for metrics, health and tests."""

    def consuming(self, subscription: Consuming | None) -> None:
        """Consuming started with this subscription, or stopped if None."""
        ...

    def waiting(self, problem: str) -> None:
        """An attempt to consume failed and will be repeated."""
        ...

    def paused(self, pause: Pause | None) -> None:
        """A pause begins, and what is in hand is finished; None once the worker resumes."""
        ...

    def batch_settled(self, results: Sequence[tuple[str, Result]], seconds: float) -> None:
        """A batch was settled: type and result of each message, and the time it took."""
        ...

    def suspect_given_up(self, type_: str, failure: Failure) -> None:
        """A suspect was given up: it failed without another trial."""
        ...

    def batch_lagged(self, occurred_at: datetime | None, published_at: datetime | None) -> None:
        """The times of the oldest event and message of a batch, if known."""
        ...

    def republished(self, failure: Failure, queue: str) -> None:
        """A copy of a message was confirmed in another of our queues."""
        ...

    def store_refused(self, problem: str) -> None:
        """The database did not accept a transaction."""
        ...

    def store_took_work(self) -> None:
        """A batch was committed, with a change of the catalog or the id of a message."""
        ...

    def wedged(self, kind: str) -> None:
        """A subscription was ended because RabbitMQ delivered nothing on it."""
        ...

    def holding(self, problem: str | None) -> None:
        """Why messages that fail are held; None if they no longer are."""
        ...
