"""Many rows as one set of array parameters, so that the text of a statement never changes.

A statement whose text depends on the number of rows would be planned and cached anew for
every size of batch.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import (
    ARRAY,
    CursorResult,
    Result,
    Table,
    TableValuedAlias,
    bindparam,
    column,
    func,
)
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeEngine

Columns = Mapping[str, TypeEngine[Any]]
"""Names of columns and their types."""


def rows_of(name: str, columns: Columns) -> TableValuedAlias:
    """A table `name` made of one array parameter for each column, all of one length."""
    arrays = [bindparam(_parameter(key), type_=ARRAY(type_)) for key, type_ in columns.items()]
    typed = [column(key, type_) for key, type_ in columns.items()]
    return func.unnest(*arrays).table_valued(*typed, name=name).render_derived()


def as_parameters(
    columns: Iterable[str], rows: Iterable[Sequence[object]]
) -> dict[str, list[object]]:
    """Turns rows into the parameters of `rows_of`."""
    turned = list(zip(*rows, strict=True))
    return {_parameter(key): list(values) for key, values in zip(columns, turned, strict=True)}


def row_count(result: Result[Any]) -> int:
    """How many rows a statement with `preserve_rowcount` wrote."""
    return cast("CursorResult[Any]", result).rowcount


def table_of(model: type[DeclarativeBase]) -> Table:
    """The table behind a mapped class, for Core statements that load no objects."""
    return cast("Table", model.__table__)


def _parameter(column: str) -> str:
    """SQLAlchemy keeps the plain names of columns for itself."""
    return f"all_{column}"
