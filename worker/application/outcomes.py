"""How a message can end, each way named once."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from worker.application.bug_trace import trace_of
from worker.domain.entities.car import Car
from worker.domain.entities.financing_plan import FinancingPlan
from worker.domain.value_objects.error_code import ErrorCode


class Outcome(StrEnum):
    """A message that is done: recorded, never to be applied again."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    STALE = "stale"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Failure:
    """A message that was not applied, and why; nothing was recorded for it."""

    code: ErrorCode
    detail: str
    trace: tuple[str, ...] = field(default=(), compare=False)
    """Where our code failed (see `trace_of`), for the log alone; empty unless it is our bug."""

    @classmethod
    def from_bug(cls, bug: Exception, doing: str) -> Self:
        """A bug of ours: its type and place, without its text, which may hold anything."""
        trace = trace_of(bug)
        return cls(ErrorCode.UNEXPECTED_ERROR, f"{trace[-1]} while {doing}", trace)


Result = Outcome | Failure


@dataclass(frozen=True, slots=True)
class Decision:
    """What a use case decided: the outcome, and what shall be stored, if anything changes."""

    outcome: Outcome
    changed: Car | FinancingPlan | None = None
