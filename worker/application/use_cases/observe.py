from typing import TypeVar

from worker.application.outcomes import Outcome
from worker.domain.entities.observed import Observed

T = TypeVar("T", bound=Observed)


def observe(said: T, in_place: T | None) -> Outcome:
    """Compares two observations: the newest one wins."""
    if in_place is None or said.is_newer_than(in_place):
        return Outcome.APPLIED
    return Outcome.UNCHANGED if said.is_same_as(in_place) else Outcome.STALE
