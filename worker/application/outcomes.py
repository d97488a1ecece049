"""How a message can end, each way named once."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self

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

    @classmethod
    def from_bug(cls, bug: Exception, doing: str) -> Self:
        """Our own mistake: its kind and place, and none of its words, which may hold anything."""
        place = bug.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = (
            f"{Path(place.tb_frame.f_code.co_filename).name}:{place.tb_lineno}" if place else "?"
        )
        return cls(ErrorCode.UNEXPECTED_ERROR, f"{type(bug).__name__} at {where} while {doing}")


Result = Outcome | Failure


@dataclass(frozen=True, slots=True)
class Decision:
    """What a use case decided: the outcome, and what shall be stored, if anything changes."""

    outcome: Outcome
    changed: Car | FinancingPlan | None = None
