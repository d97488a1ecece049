"""Conditions on the rows of dead letters."""

from sqlalchemy import ARRAY, BindParameter, ColumnElement, LargeBinary, Text, func, literal, or_

from worker.domain.value_objects.dead_letter_selection import Selection
from worker.infra.db.arrays import table_of
from worker.infra.db.models import DeadLetterModel

DEAD_LETTERS = table_of(DeadLetterModel)
IS_OPEN = DEAD_LETTERS.c.settled_at.is_(None)
"""Waits for an operator: dead or vanished."""


def conditions_of(selection: Selection) -> list[ColumnElement[bool]]:
    """What an open letter must meet; the limit is not among it."""
    letter = DEAD_LETTERS.c
    conditions: list[ColumnElement[bool]] = [IS_OPEN]
    for column, value in (
        (letter.code, selection.code),
        (letter.type, selection.type),
        (letter.car_id, selection.car),
        (letter.source, selection.source),
    ):
        if value is not None:
            conditions.append(column == value)
    if selection.ids:
        conditions.append(letter.handle == func.any(_array_of(selection.ids)))
    if selection.since is not None:
        conditions.append(letter.died_at >= selection.since)
    if selection.until is not None:
        conditions.append(letter.died_at <= selection.until)
    if selection.newest_row is not None:
        conditions.append(letter.id <= selection.newest_row)
    if selection.text is not None:
        conditions.append(_contains(selection.text))
    return conditions


def _contains(text: str) -> ColumnElement[bool]:
    """In a body the bytes must be the same: it may hold anything."""
    letter = DEAD_LETTERS.c
    return or_(
        letter.handle.icontains(text, autoescape=True),
        letter.detail.icontains(text, autoescape=True),
        func.position(literal(text.encode(), LargeBinary).op("IN")(letter.body)) > 0,
    )


def _array_of(ids: tuple[str, ...]) -> BindParameter[list[str]]:
    """One parameter, of which a statement may have 32,767 at most."""
    return literal(list(ids), ARRAY(Text))
