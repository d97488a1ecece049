"""Records dead letters in a transaction that others share: that of their batch, or of a sweep."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import replace
from operator import attrgetter

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from worker.domain.ports.dead_letter_records import DeadLetterRecord, DeadLetterRecords
from worker.domain.value_objects.dead_letter_state import DeadLetterState
from worker.infra.db.arrays import as_parameters, columns_of, rows_of, table_of
from worker.infra.db.models import DeadLetterModel

RECORDED = tuple(name for name in DeadLetterRecord.__slots__ if name != "redelivered")
"""The columns that a record fills."""

_COLUMNS = columns_of(DeadLetterModel, RECORDED)
_READS = [attrgetter(name) for name in RECORDED]
_table = table_of(DeadLetterModel)
_new = rows_of("new", _COLUMNS)


def _add(copies_of_a_known_one: ColumnElement[int]) -> Insert:
    """The statement; a letter that is settled or vanished is open again, with its new copies."""
    added = insert(_table).from_select(list(RECORDED), select(*_new.c))
    is_there = _table.c.state == DeadLetterState.DEAD
    return added.on_conflict_do_update(
        index_elements=[_table.c.key],
        set_={
            **{name: added.excluded[name] for name in RECORDED if name not in {"key", "copies"}},
            "copies": case((is_there, copies_of_a_known_one), else_=added.excluded.copies),
            "state": DeadLetterState.DEAD,
            "recorded_at": func.now(),
            "settled_at": None,
        },
    )


_ADD = _add(_table.c.copies + insert(_table).excluded.copies)
_ADD_AGAIN = _add(_table.c.copies)
"""For redelivered messages: their letters are recorded already, unless the worker died before."""


class PostgresDeadLetterRecords(DeadLetterRecords):
    """The rows of dead letters, in one statement of constant text, two after a redelivery."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    @override
    async def add(self, records: Collection[DeadLetterRecord]) -> None:
        for statement, again in ((_ADD, False), (_ADD_AGAIN, True)):
            if rows := _merged(record for record in records if record.redelivered is again):
                values = (map(read, rows) for read in _READS)
                await self._connection.execute(statement, as_parameters(_COLUMNS, values))


def _merged(records: Iterable[DeadLetterRecord]) -> list[DeadLetterRecord]:
    """One for each key, with the sum of the copies, oldest first.

    Workers that meet the same letters meet them in the order of the queue, so they lock rows in
    the same order, too.
    """
    by_key: dict[bytes, DeadLetterRecord] = {}
    copies: Counter[bytes] = Counter()
    for record in records:
        by_key[record.key] = record
        copies[record.key] += record.copies
    return [replace(by_key[key], copies=copies[key]) for key in by_key]
