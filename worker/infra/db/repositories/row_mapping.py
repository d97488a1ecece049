from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from sqlalchemy import Column
from sqlalchemy.orm import InstrumentedAttribute

from worker.infra.db.arrays import table_of
from worker.infra.db.base import Base

E = TypeVar("E")

Values = Mapping[InstrumentedAttribute[Any], Callable[[E], object]]
"""Columns, and how the value of each is read from an entity."""


@dataclass(frozen=True, eq=False)
class RowMapping(Generic[E]):
    """How entities of one kind are rows of a table: the one place that knows both.

    `constant` columns are written with a new row and never again, `changing` ones by every
    update, `seldom` ones by an update of an entity whose `seldom_part` is another than the one that
    was locked; `to_entity` gets the values of all three, in this order, or of the first two where
    nobody asks for the third. `derived` columns are for searches: written with a new row, never
    read. Columns that are in none must have a default.

    Raises:
        TypeError: at import, for a column of the model that nothing writes.
    """

    model: type[Base]
    to_entity: Callable[[Sequence[Any]], E]
    constant: Values[E]
    changing: Values[E]
    derived: Values[E] = field(default_factory=dict)
    seldom: Values[E] = field(default_factory=dict)
    seldom_part: Callable[[E], object] = lambda _: None

    def __post_init__(self) -> None:
        all_written = (*self.constant, *self.changing, *self.seldom, *self.derived)
        written = {column.key for column in all_written}
        for column in table_of(self.model).columns:
            if column.key not in written and column.server_default is None:
                raise TypeError(f"{column} is in no row mapping: how is it written?")

    @property
    def columns(self) -> list[Column[Any]]:
        """What to select for a whole entity."""
        return [*self.usual_columns, *self._columns(self.seldom)]

    @property
    def usual_columns(self) -> list[Column[Any]]:
        """The same without the seldom part."""
        return self._columns((*self.constant, *self.changing))

    def _columns(self, attributes: Iterable[InstrumentedAttribute[Any]]) -> list[Column[Any]]:
        table = table_of(self.model)
        return [table.c[attribute.key] for attribute in attributes]
