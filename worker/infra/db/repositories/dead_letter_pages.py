"""Pages of open dead letters, newest first, by the number of a row: each page costs the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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
    rows = await _read_rows(sessions, selection, position, size + 1)
    if not rows:
        messages, _ = await count_letters(sessions, selection)
        return DeadLetterPage([], messages, None, None)
    messages = rows[0][0]
    has_more, rows = len(rows) > size, rows[:size]
    if backwards:
        rows.reverse()
    letters = [DeadLetterSummary(*row[2:]) for row in rows]
    has_newer = has_more if backwards else position.older_than is not None
    has_older = backwards or has_more
    newer = PagePosition(newer_than=rows[0][1]) if has_newer else None
    older = PagePosition(older_than=rows[-1][1]) if has_older else None
    return DeadLetterPage(letters, messages, newer, older)


async def _read_rows(
    sessions: Sessions, selection: Selection, position: PagePosition, limit: int
) -> list[tuple[Any, ...]]:
    """How many messages match, then the row; a filter looks at each letter once for both."""
    matching = (
        select(_id, DEAD_LETTERS.c.copies)
        .where(*conditions_of(selection))
        .cte("matching")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    page = select(matching.c.id).limit(limit)
    if position.newer_than is not None:
        page = page.where(matching.c.id > position.newer_than).order_by(matching.c.id)
    else:
        page = page.order_by(matching.c.id.desc())
    if position.older_than is not None:
        page = page.where(matching.c.id < position.older_than)
    shown = page.subquery("page")
    messages = select(func.sum(matching.c.copies)).scalar_subquery()
    order = _id if position.newer_than is not None else _id.desc()
    query = select(messages, _id, *SUMMARY).join(shown, shown.c.id == _id).order_by(order)
    async with sessions() as session:
        return [tuple(row) for row in await session.execute(query)]


async def count_letters(sessions: Sessions, selection: Selection) -> tuple[int, int | None]:
    """How many messages match, and the row of the newest; None without one."""
    query = select(func.coalesce(func.sum(DEAD_LETTERS.c.copies), 0), func.max(_id))
    async with sessions() as session:
        messages, newest_row = (await session.execute(query.where(*conditions_of(selection)))).one()
    return messages, newest_row
