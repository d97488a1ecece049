"""Lists single dead letters without their bodies."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from worker.domain.value_objects.dead_letter_selection import Selection
from worker.domain.value_objects.dead_letter_state import DeadLetterState
from worker.infra.db.engine import Sessions
from worker.infra.db.repositories.dead_letter_conditions import DEAD_LETTERS, conditions_of

_letter = DEAD_LETTERS.c


@dataclass(frozen=True, slots=True)
class DeadLetterSummary:
    """One dead letter; `messages` counts its copies, `car` is None where its body names none."""

    id: str
    source: str
    code: str
    type: str
    car: str | None
    messages: int
    died_at: datetime | None
    attempts: int
    replays: int
    detail: str
    is_vanished: bool

    @property
    def oldest(self) -> datetime | None:
        """As of a group."""
        return self.died_at

    @property
    def newest(self) -> datetime | None:
        """As of a group."""
        return self.died_at


SUMMARY = (
    *(_letter.handle, _letter.source, _letter.code, _letter.type, _letter.car_id, _letter.copies),
    *(_letter.died_at, _letter.attempts, _letter.replays, _letter.detail),
    _letter.state == DeadLetterState.VANISHED,
)
"""The columns of a `DeadLetterSummary`."""


async def summarize_dead_letters(
    sessions: Sessions, selection: Selection
) -> Sequence[DeadLetterSummary]:
    """Those that match, oldest first."""
    query = (
        select(*SUMMARY)
        .where(*conditions_of(selection))
        .order_by(_letter.id)
        .limit(selection.limit)
    )
    async with sessions() as session:
        return [DeadLetterSummary(*row) for row in await session.execute(query)]
