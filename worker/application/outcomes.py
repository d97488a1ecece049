"""The possible results of a message."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from worker.application.bug_trace import trace_of
from worker.domain.entities.car import Car
from worker.domain.entities.early_observation import EarlyObservation
from worker.domain.entities.financing_plan import FinancingPlan
from worker.domain.error_code import ErrorCode
from worker.domain.record import record


class Outcome(StrEnum):
    """The result of a message that is recorded and never applied again."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    STALE = "stale"
    UNCHANGED = "unchanged"
    EARLY = "early"
    """Its car is not created yet: what it says waits for the creation."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a message was not applied; nothing is recorded for it."""

    code: ErrorCode
    detail: str
    trace: tuple[str, ...] = field(default=(), compare=False)
    """Where our code failed (see `trace_of`), only for the log; empty unless it is our bug."""

    @classmethod
    def from_bug(cls, bug: Exception, doing: str) -> Self:
        """A bug of ours: its type and place, without its text, which may contain message data."""
        trace = trace_of(bug)
        return cls(ErrorCode.UNEXPECTED_ERROR, f"{trace[-1]} while {doing}", trace)


Result = Outcome | Failure
Changed = Car | FinancingPlan | EarlyObservation


@record
class Decision:
    """The decision of a use case: the outcome, and what to store.

    `taken` is what waited for the car that is created, each with what became of it.
    """

    outcome: Outcome
    changed: tuple[Changed, ...] = ()
    taken: tuple[tuple[EarlyObservation, Outcome], ...] = ()
