"""Many rows as one set of array parameters, so that the text of a statement never changes.

A statement whose text depends on the number of rows would be planned and cached anew for
every size of batch.
"""

from collections.abc import Iterable, Mapping
from typing import Any, cast

import sqlalchemy
from sqlalchemy import (
    ARRAY,
    Cast,
    Column,
    CursorResult,
    FromClause,
    Integer,
    Result,
    String,
    Subquery,
    Table,
    TableValuedAlias,
    bindparam,
    column,
    func,
    select,
)
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeEngine

from worker.infra.db.array_text import ArrayText

ROWS = "rows"
"""The parameter of `limited_rows`."""

Columns = Mapping[str, TypeEngine[Any]]
"""Names of columns and their types."""


def columns_of(model: type[DeclarativeBase], names: Iterable[str]) -> Columns:
    """Some columns of a table, with the types that arrays of their values have."""
    table = table_of(model)
    return {name: _uncollated(table.c[name].type) for name in names}


def array_of(name: str, values_of: Column[Any]) -> Cast[Any]:
    """A parameter `name` for many values of a column."""
    return _array(name, _uncollated(values_of.type))


def rows_of(name: str, columns: Columns) -> TableValuedAlias:
    """A table `name` made of one array parameter for each column, all of one length."""
    arrays = [_array(_parameter(key), type_) for key, type_ in columns.items()]
    typed = [column(key, type_) for key, type_ in columns.items()]
    return func.unnest(*arrays).table_valued(*typed, name=name).render_derived()


def limited_rows(rows: FromClause) -> Subquery:
    """All of them, behind a limit of `ROWS`, which is their number.

    PostgreSQL keeps a plan only if it seems no dearer than a new one for the rows at hand. When it
    makes it, it takes an array for 10 rows, and a limit that it does not know for a tenth of them.
    So the plan is for one row, and is kept. Otherwise a single message has it plan each time: 0.2
    ms of a creation.
    """
    return select(*rows.c).limit(bindparam(ROWS, type_=Integer())).subquery("limited")


def as_parameters(
    columns: Iterable[str], values: Iterable[Iterable[object]]
) -> dict[str, list[object]]:
    """The parameters of `rows_of`, from the values of each column."""
    return {_parameter(key): list(each) for key, each in zip(columns, values, strict=True)}


def row_count(result: Result[Any]) -> int:
    """How many rows a statement with `preserve_rowcount` wrote."""
    return cast("CursorResult[Any]", result).rowcount


def table_of(model: type[DeclarativeBase]) -> Table:
    """The table behind a mapped class, for Core statements that load no objects."""
    return cast("Table", model.__table__)


def _array(name: str, type_: TypeEngine[Any]) -> Cast[Any]:
    return sqlalchemy.cast(bindparam(name, type_=ArrayText(type_)), ARRAY(type_))


def _uncollated(type_: TypeEngine[Any]) -> TypeEngine[Any]:
    """PostgreSQL takes no collation in the cast of a parameter."""
    return type_.adapt(type(type_), collation=None) if isinstance(type_, String) else type_


def _parameter(column: str) -> str:
    """SQLAlchemy keeps the plain names of columns for itself."""
    return f"all_{column}"
