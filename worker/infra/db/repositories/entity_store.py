from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Generic, TypeVar

from sqlalchemy import (
    Column,
    ColumnElement,
    FromClause,
    Insert,
    Select,
    Update,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from worker.domain.entities.entity import Entity
from worker.domain.ports.entity_store import EntityStore
from worker.domain.ports.unit_of_work import ConcurrentChangeError
from worker.infra.db.arrays import (
    ROWS,
    array_of,
    as_parameters,
    columns_of,
    limited_rows,
    row_count,
    rows_of,
    table_of,
)
from worker.infra.db.base import Base
from worker.infra.db.repositories.row_mapping import RowMapping

E = TypeVar("E", bound=Entity)

ByName = Mapping[str, Callable[[E], object]]
"""Names of columns, and how the value of each is read from an entity."""

LeftOut = Callable[[FromClause], ColumnElement[bool]]
"""A condition on new rows."""


class EntityStatements(Generic[E]):
    """What a store does to rows of one kind: a few statements of constant text.

    Of new rows, those for which `left_out` holds are not added: then another transaction was
    faster, as where the row exists already.
    """

    def __init__(self, rows: RowMapping[E], left_out: LeftOut | None = None) -> None:
        added = {**rows.constant, **rows.derived, **rows.changing, **rows.seldom}
        self.added: ByName[E] = {column.key: read for column, read in added.items()}
        self.changed: ByName[E] = {
            "id": attrgetter("id"),
            **{column.key: read for column, read in rows.changing.items()},
        }
        seldom = {column.key: read for column, read in rows.seldom.items()}
        self.changed_with_seldom: ByName[E] = {**self.changed, **seldom}
        self.lock = _lock(rows.usual_columns)
        self.lock_whole = _lock(rows.columns)
        self.add = _add(rows.model, self.added, left_out)
        self.update = _update(rows.model, self.changed)
        self.update_with_seldom = _update(rows.model, self.changed_with_seldom)
        self.seldom_part = rows.seldom_part
        self.to_entity = rows.to_entity


def select_by_ids(columns: Sequence[Column[Any]]) -> Select[tuple[object, ...]]:
    """Columns of the rows of the parameter `ids`, those that exist."""
    id_ = columns[0].table.c.id
    return select(*columns).where(id_ == func.any(array_of("ids", id_)))


def _lock(columns: Sequence[Column[Any]]) -> Select[tuple[object, ...]]:
    in_order = select_by_ids(columns).order_by(columns[0].table.c.id)
    return in_order.with_for_update(key_share=True)


def _add(model: type[Base], names: Iterable[str], left_out: LeftOut | None) -> Insert:
    new = limited_rows(rows_of("new", columns_of(model, names)))
    added = select(*new.c) if left_out is None else select(*new.c).where(~left_out(new))
    return (
        insert(table_of(model))
        .from_select(list(names), added)
        .on_conflict_do_nothing(index_elements=table_of(model).primary_key.columns)
        .execution_options(preserve_rowcount=True)
    )


def _update(model: type[Base], names: Iterable[str]) -> Update:
    """Sends only what can change: for cars that is half of the columns, and folds no name."""
    table = table_of(model)
    changed = rows_of("changed", columns_of(model, names))
    return (
        update(table)
        .where(table.c.id == changed.c.id)
        .values({name: changed.c[name] for name in names if name != "id"})
        .values(updated_at=func.now())
    )


class PostgresEntityStore(EntityStore[E]):
    """Rows to be changed: at most five statements, whatever the batch."""

    def __init__(self, connection: AsyncConnection, statements: EntityStatements[E]) -> None:
        self._connection = connection
        self._statements = statements
        self._locked: dict[str, E] = {}

    @override
    async def lock(
        self, ids: Collection[str], /, *, whole: Collection[str] | None = None
    ) -> Mapping[str, E]:
        """As the port says; on it rests that synchronous replication loses nothing.

        A COMMIT that waits for its standby and is cancelled, by us or by an operator, has
        committed here and not there. Its messages come again, find their ids, are `duplicate`, and
        change nothing. They are acknowledged only after the standby has the first transaction,
        because this lock writes WAL: a row lock takes a transaction id, so the COMMIT of the
        duplicates waits for the standby too, up to a later place in the WAL. A transaction that
        only reads waits for nobody, so the cars of duplicates must be locked like all others.
        """
        # New entities have no row to lock: `add` finds out about rivals.
        if not ids:
            return {}
        if whole is None:
            self._locked = await self._read(self._statements.lock_whole, ids)
            return self._locked
        self._locked = await self._read(self._statements.lock, ids)
        if asked := self._locked.keys() & whole:
            self._locked |= await self._read(self._statements.lock_whole, asked)
        return self._locked

    async def _read(self, query: Select[tuple[object, ...]], ids: Collection[str]) -> dict[str, E]:
        rows = await self._connection.execute(query, {"ids": list(ids)})
        return {entity.id: entity for entity in map(self._statements.to_entity, rows)}

    @override
    async def add(self, entities: Collection[E], /) -> None:
        if not entities:
            return
        parameters = {**_parameters(self._statements.added, entities), ROWS: len(entities)}
        added = await self._connection.execute(self._statements.add, parameters)
        if row_count(added) < len(entities):
            raise ConcurrentChangeError

    @override
    async def update(self, entities: Collection[E], /) -> None:
        usual = [entity for entity in entities if self._keeps_seldom_part(entity)]
        others = [entity for entity in entities if not self._keeps_seldom_part(entity)]
        statements = self._statements
        if usual:
            parameters = _parameters(statements.changed, usual)
            await self._connection.execute(statements.update, parameters)
        if others:
            parameters = _parameters(statements.changed_with_seldom, others)
            await self._connection.execute(statements.update_with_seldom, parameters)

    def _keeps_seldom_part(self, entity: E) -> bool:
        part, locked = self._statements.seldom_part, self._locked.get(entity.id)
        return locked is not None and part(entity) is part(locked)


def _parameters(reads: ByName[E], entities: Collection[E]) -> dict[str, list[object]]:
    return as_parameters(reads, (map(read, entities) for read in reads.values()))
