"""Pages of open dead letters, newest first, by the number of a row: each page costs the same."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from worker.domain.value_objects.dead_letter_selection import Selection
from worker.infra.db.engine import Sessions
from worker.infra.db.repositories.dead_letter_conditions import DEAD_LETTERS, conditions_of
from worker.infra.db.repositories.dead_letter_summaries import SUMMARY, DeadLetterSummary

_id = DEAD_LETTERS.c.id


@dataclass(frozen=True, slots=True)
class PagePosition:
    """Which page: what is older than a row, or newer than one; the newest if both are None."""

    older_than: int | None = None
    newer_than: int | None = None


@dataclass(frozen=True, slots=True)
class DeadLetterPage:
    """A page of those that match; `messages` counts all of them.

    `newer` and `older` lead to the pages beside this one, None where there is none.
    """

    letters: Sequence[DeadLetterSummary]
    messages: int
    newer: PagePosition | None
    older: PagePosition | None


async def read_page(
    sessions: Sessions, selection: Selection, position: PagePosition, size: int
) -> DeadLetterPage:
    """Reads one row more than it shows, which tells whether there are more."""
    backwards = position.newer_than is not None
    conditions = conditions_of(selection)
    query = select(_id, *SUMMARY).where(*conditions).limit(size + 1)
    if backwards:
        query = query.where(_id > position.newer_than).order_by(_id)
    else:
        query = query.order_by(_id.desc())
    if position.older_than is not None:
        query = query.where(_id < position.older_than)
    total = select(func.coalesce(func.sum(DEAD_LETTERS.c.copies), 0)).where(*conditions)
    async with sessions() as session:
        rows = [tuple(row) for row in await session.execute(query)]
        messages = (await session.execute(total)).scalar_one()
    has_more, rows = len(rows) > size, rows[:size]
    if backwards:
        rows.reverse()
    letters = [DeadLetterSummary(*row[1:]) for row in rows]
    if not rows:
        return DeadLetterPage(letters, messages, None, None)
    has_newer = has_more if backwards else position.older_than is not None
    has_older = backwards or has_more
    newer = PagePosition(newer_than=rows[0][0]) if has_newer else None
    older = PagePosition(older_than=rows[-1][0]) if has_older else None
    return DeadLetterPage(letters, messages, newer, older)


async def count_letters(sessions: Sessions, selection: Selection) -> tuple[int, int | None]:
    """How many messages match, and the row of the newest; None without one."""
    query = select(func.coalesce(func.sum(DEAD_LETTERS.c.copies), 0), func.max(_id))
    async with sessions() as session:
        messages, newest_row = (await session.execute(query.where(*conditions_of(selection)))).one()
    return messages, newest_row
