"""How a message can end, each way named once."""

from dataclasses import dataclass
from enum import StrEnum

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


Result = Outcome | Failure


@dataclass(frozen=True, slots=True)
class Decision:
    """What a use case decided: the outcome, and what shall be stored, if anything changes."""

    outcome: Outcome
    changed: Car | FinancingPlan | None = None
