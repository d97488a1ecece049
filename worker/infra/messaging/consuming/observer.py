from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from worker.application.outcomes import Failure, Result


class Consuming(Protocol):
    """A subscription, to be asked whether it is still one."""

    @property
    def is_consuming(self) -> bool:
        """Tells whether the broker still knows our consumer."""
        ...

    @property
    def in_flight(self) -> int:
        """How many deliveries are in our hands, unsettled."""
        ...


class Observer(Protocol):
    """Is told what happens to messages; metrics, health and tests listen here."""

    def consuming(self, subscription: Consuming | None) -> None:
        """Deliveries arrive through this subscription from now on, or no longer."""
        ...

    def waiting(self, problem: str) -> None:
        """An attempt to consume failed, another follows."""
        ...

    def batch_settled(self, results: Sequence[tuple[str, Result]], seconds: float) -> None:
        """A batch was committed: type and result of each message, and the time it took."""
        ...

    def suspect_given_up(self, type_: str, failure: Failure) -> None:
        """A suspect will not be begun again: it is failed without having been applied."""
        ...

    def batch_lagged(self, occurred_at: datetime | None, published_at: datetime | None) -> None:
        """How old the oldest event and message of a batch were, where they tell."""
        ...

    def republished(self, failure: Failure, queue: str) -> None:
        """A copy of a message is safe in another queue of ours."""
        ...

    def store_answers(self, *, yes: bool) -> None:
        """The database takes work again, or took none at the last attempt."""
        ...
