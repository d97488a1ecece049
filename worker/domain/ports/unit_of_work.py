from types import TracebackType
from typing import Protocol, Self

from worker.domain.entities.car import Car
from worker.domain.entities.financing_plan import FinancingPlan
from worker.domain.ports.entity_store import EntityStore
from worker.domain.ports.processed_messages import ProcessedMessages


class UnitOfWork(Protocol):
    """One transaction: rolled back on leaving, unless it was committed.

    Everything in it may raise the three errors below.
    """

    cars: EntityStore[Car]
    """The cars, to be locked and changed."""

    financing_plans: EntityStore[FinancingPlan]
    """The plans, to be locked and changed after the cars that they are for."""

    processed_messages: ProcessedMessages
    """The ids of the messages that are done."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    async def commit(self) -> None:
        """Makes it all durable; before this returns, nothing is."""
        ...


class ConcurrentChangeError(Exception):
    """Another transaction was quicker: do the same work again on what it left."""


class StoreUnavailableError(Exception):
    """The store cannot take anything now, whatever it is given: wait, then try again."""


class StatementRefusedError(Exception):
    """The store refused what it was given: some message of the transaction is to blame."""
