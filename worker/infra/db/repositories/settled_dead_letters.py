"""Settles the rows of dead letters that a command has dealt with."""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import and_, case, func, update
from sqlalchemy.ext.asyncio import AsyncConnection

from worker.domain.ports.dead_letter_audit import SettledDeadLetter
from worker.domain.value_objects.dead_letter_state import DeadLetterState
from worker.infra.db.arrays import as_parameters, columns_of, rows_of
from worker.infra.db.models import DeadLetterModel
from worker.infra.db.repositories.dead_letter_conditions import DEAD_LETTERS, IS_OPEN

_COLUMNS = columns_of(DeadLetterModel, ("key", "state", "copies"))
_letter = DEAD_LETTERS.c
_taken = rows_of("taken", _COLUMNS)
_has_more_copies = and_(_letter.state == DeadLetterState.DEAD, _letter.copies > _taken.c.copies)
_SETTLE = (
    update(DEAD_LETTERS)
    .where(_letter.key == _taken.c.key, IS_OPEN)
    .values(
        copies=case((_has_more_copies, _letter.copies - _taken.c.copies), else_=_letter.copies),
        state=case((_has_more_copies, _letter.state), else_=_taken.c.state),
        settled_at=case((_has_more_copies, None), else_=func.now()),
    )
)


async def settle(connection: AsyncConnection, letters: Sequence[SettledDeadLetter]) -> None:
    """Notes what became of letters; one that has more copies in the queue stays open."""
    taken = Counter((letter.key, letter.state) for letter in letters)
    rows = [(key, state, copies) for (key, state), copies in sorted(taken.items())]
    await connection.execute(_SETTLE, as_parameters(_COLUMNS, zip(*rows, strict=True)))
