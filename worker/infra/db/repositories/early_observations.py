from collections.abc import Collection

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    delete,
    exists,
    func,
    literal_column,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from worker.domain.entities.early_observation import EarlyObservation
from worker.domain.ports.early_observations import EarlyObservations
from worker.domain.ports.unit_of_work import ConcurrentChangeError, StatementRefusedError
from worker.infra.db.arrays import (
    array_of,
    as_parameters,
    columns_of,
    row_count,
    rows_of,
    table_of,
)
from worker.infra.db.car_gates import GatesAhead, gates_of, passed_gates
from worker.infra.db.models import CarModel, EarlyObservationModel
from worker.infra.db.repositories.early_observation_rows import (
    COLUMNS,
    to_early_observation,
    to_row,
)

_table = table_of(EarlyObservationModel)
_key = _table.primary_key.columns
_COLUMNS = columns_of(EarlyObservationModel, COLUMNS)
_KEY_COLUMNS = columns_of(EarlyObservationModel, ("car_id", "about"))

_FIND = select(*(_table.c[name] for name in COLUMNS)).where(
    _table.c.car_id == func.any(array_of("ids", _table.c.car_id))
)
_LOCK = _FIND.order_by(*_key).with_for_update()
_PASS_GATES = select(passed_gates())
_ANY = select(exists(select(_table.c.car_id)))

_REMOVE = delete(_table).where(
    _table.c.car_id == func.any(array_of("cars", _table.c.car_id)),
    _table.c.about == func.any(array_of("things", _table.c.about)),
)


def _is_there(key: ColumnElement[str], new: FromClause, its_key: str) -> ColumnElement[bool]:
    """Whether a table has the key of a new row, looked up by its index for each of them.

    PostgreSQL would make a join of EXISTS, and one that it planned while the table was empty goes
    through the whole table, until it is analyzed.
    """
    found = select(key).where(key == new.c[its_key]).limit(literal_column("1", Integer))
    return found.correlate(new).scalar_subquery().is_not(None)


_new = rows_of("new", _COLUMNS)
_added = insert(_table).from_select(
    list(COLUMNS), select(*_new.c).where(~_is_there(table_of(CarModel).c.id, _new, "car_id"))
)
_ORDER = ("occurred_at", "source", "message_id")
_KEEP = _added.on_conflict_do_update(
    index_elements=_key,
    set_={
        **{name: _added.excluded[name] for name in COLUMNS if name not in _KEY_COLUMNS},
        "updated_at": func.now(),
    },
    where=tuple_(*(_added.excluded[name] for name in _ORDER))
    > tuple_(*(_table.c[name] for name in _ORDER)),
).execution_options(preserve_rowcount=True)


def something_waits(new_cars: FromClause) -> ColumnElement[bool]:
    """Whether something waits for a car that is about to be added without it."""
    return _is_there(_table.c.car_id, new_cars, "id")


async def find_early_observations(
    connection: AsyncConnection, car_ids: Collection[str]
) -> list[EarlyObservation]:
    """What waits for these cars, without a lock."""
    rows = await connection.execute(_FIND, {"ids": list(car_ids)})
    return [to_early_observation(row) for row in rows]


class EarlyHint:
    """Whether anything may wait for a car: while nothing does, nobody has to ask.

    Shared by the transactions of a process. It may be wrong where another one adds the first row:
    then the INSERT of its car leaves it out, and the batch is done again, and asks.
    """

    def __init__(self) -> None:
        self.may_exist = True


class PostgresEarlyObservations(EarlyObservations):
    """Rows that wait, and the gates of their cars."""

    def __init__(
        self, connection: AsyncConnection, hint: EarlyHint, gates_ahead: GatesAhead
    ) -> None:
        self._connection = connection
        self._hint = hint
        self._gates_ahead = gates_ahead
        self._awaited: Collection[str] = ()

    @override
    async def lock(
        self, *, created: Collection[str], awaited: Collection[str]
    ) -> Collection[EarlyObservation]:
        if not created and not awaited:
            return ()
        gates = gates_of(together=created, alone=awaited)
        if not awaited and not self._hint.may_exist:
            self._gates_ahead.parameters = gates
            return ()
        self._awaited = awaited
        await self._connection.execute(_PASS_GATES, gates)
        # Locked as cars are: the COMMIT of a duplicate of what waits has no other lock to wait for.
        rows = await self._connection.execute(_LOCK, {"ids": [*created, *awaited]})
        found = [to_early_observation(row) for row in rows]
        if not found and not awaited:
            self._hint.may_exist = bool((await self._connection.execute(_ANY)).scalar_one())
        return found

    @override
    async def remove(self, observations: Collection[EarlyObservation]) -> None:
        if observations:
            # A creation takes all that waits for its car, so these arrays meet no other row. For
            # what a join may cost see `_is_there`.
            cars = list({early.car_id for early in observations})
            things = list({early.about for early in observations})
            await self._connection.execute(_REMOVE, {"cars": cars, "things": things})

    @override
    async def keep(self, observations: Collection[EarlyObservation]) -> None:
        if not observations:
            return
        if not {early.car_id for early in observations} <= set(self._awaited):
            # The batch has a creation of this car, which failed: alone, the message may wait.
            raise StatementRefusedError("its car was to be created by another message")
        self._hint.may_exist = True
        parameters = as_parameters(_COLUMNS, zip(*map(to_row, observations), strict=True))
        kept = await self._connection.execute(_KEEP, parameters)
        if row_count(kept) < len(observations):
            raise ConcurrentChangeError
