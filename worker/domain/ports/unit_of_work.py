from types import TracebackType
from typing import Protocol, Self

from worker.domain.entities.car import Car
from worker.domain.entities.financing_plan import FinancingPlan
from worker.domain.ports.dead_letter_records import DeadLetterRecords
from worker.domain.ports.early_observations import EarlyObservations
from worker.domain.ports.entity_store import EntityStore
from worker.domain.ports.processed_messages import ProcessedMessages


class UnitOfWork(Protocol):
    """One transaction, rolled back at exit unless it was committed.

    All methods may raise the three errors below.
    """

    cars: EntityStore[Car]
    """The cars."""

    early_observations: EarlyObservations
    """What waits for cars; lock it after the cars."""

    financing_plans: EntityStore[FinancingPlan]
    """The plans; lock and change them after their cars."""

    processed_messages: ProcessedMessages
    """The ids of handled messages."""

    dead_letters: DeadLetterRecords
    """The messages that failed for good."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    async def commit(self) -> None:
        """Commits; nothing is durable before this returns."""
        ...


class ConcurrentChangeError(Exception):
    """Another transaction changed the same data: retry in a new transaction."""


class StoreUnavailableError(Exception):
    """The store accepts no transaction at the moment: wait, then retry."""


class StatementRefusedError(Exception):
    """The store refused a statement because of one of the transaction's messages."""
