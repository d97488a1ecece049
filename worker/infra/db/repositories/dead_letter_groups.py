"""Groups the open dead letters by error code and type."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from worker.domain.value_objects.dead_letter_selection import Selection
from worker.domain.value_objects.dead_letter_state import DeadLetterState
from worker.infra.db.arrays import table_of
from worker.infra.db.engine import Sessions
from worker.infra.db.models import ProcessedMessageModel
from worker.infra.db.repositories.dead_letter_conditions import DEAD_LETTERS, conditions_of


@dataclass(frozen=True, slots=True)
class DeadLetterGroup:
    """The dead letters of one code and type.

    `distinct` counts contents, `recorded` the ids that were handled already, `vanished` letters
    that are no longer in the queue. `attempts` and `replays` are the most that one of them had.
    """

    code: str
    type: str
    messages: int
    distinct: int
    recorded: int
    oldest: datetime | None
    newest: datetime | None
    attempts: int
    replays: int
    sample_id: str
    sample_detail: str
    vanished: int


async def group_dead_letters(sessions: Sessions, selection: Selection) -> Sequence[DeadLetterGroup]:
    """The groups, largest first; the sample is the oldest of its group."""
    letter = (
        select(DEAD_LETTERS)
        .where(*conditions_of(selection))
        .order_by(DEAD_LETTERS.c.id)
        .limit(selection.limit)
        .subquery("letter")
    )
    processed = table_of(ProcessedMessageModel)
    is_recorded = and_(
        processed.c.source == letter.c.source, processed.c.message_id == letter.c.message_id
    )
    identity = func.row(processed.c.source, processed.c.message_id)
    first = letter.c.id
    messages = func.sum(letter.c.copies)
    query = (
        select(
            letter.c.code,
            letter.c.type,
            messages,
            func.count(letter.c.content_key.distinct()),
            func.count(identity.distinct()).filter(processed.c.source.is_not(None)),
            func.min(letter.c.died_at),
            func.max(letter.c.died_at),
            func.max(letter.c.attempts),
            func.max(letter.c.replays),
            func.array_agg(aggregate_order_by(letter.c.handle, first))[1],
            func.array_agg(aggregate_order_by(letter.c.detail, first))[1],
            func.coalesce(messages.filter(letter.c.state == DeadLetterState.VANISHED), 0),
        )
        .select_from(letter.outerjoin(processed, is_recorded))
        .group_by(letter.c.code, letter.c.type)
        .order_by(messages.desc(), letter.c.code.collate("C"), letter.c.type.collate("C"))
    )
    async with sessions() as session:
        return [DeadLetterGroup(*row) for row in await session.execute(query)]
