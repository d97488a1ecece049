from collections.abc import Collection, Mapping

from sqlalchemy import ARRAY, DateTime, Integer, Numeric, Text, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from worker.domain.entities.car import Car
from worker.domain.ports.unit_of_work import ConcurrentChangeError
from worker.domain.value_objects.car_description import fold
from worker.infra.db.arrays import Columns, as_parameters, row_count, rows_of, table_of
from worker.infra.db.models import CarModel
from worker.infra.db.repositories.car_rows import CAR_COLUMNS, to_car

_PRICE_COLUMNS: Columns = {
    "id": Text(),
    "price_mxn": Numeric(12, 2),
    "price_occurred_at": DateTime(timezone=True),
    "price_source": Text(),
    "price_message_id": Text(),
}
_NEW_COLUMNS: Columns = {
    **_PRICE_COLUMNS,
    "make": Text(),
    "model": Text(),
    "make_key": Text(),
    "model_key": Text(),
    "year": Integer(),
}

_LOCK = (
    select(*CAR_COLUMNS)
    .where(CarModel.id == func.any(bindparam("ids", type_=ARRAY(Text))))
    .order_by(CarModel.id)
    .with_for_update(key_share=True)
)

_new = rows_of("new", _NEW_COLUMNS)
_ADD = (
    insert(table_of(CarModel))
    .from_select(list(_NEW_COLUMNS), select(*_new.c))
    .on_conflict_do_nothing()
    .execution_options(preserve_rowcount=True)
)

_changed = rows_of("changed", _PRICE_COLUMNS)
_UPDATE = (
    update(CarModel)
    .where(CarModel.id == _changed.c.id)
    .values(
        price_mxn=_changed.c.price_mxn,
        price_occurred_at=_changed.c.price_occurred_at,
        price_source=_changed.c.price_source,
        price_message_id=_changed.c.price_message_id,
        updated_at=func.now(),
    )
    .execution_options(synchronize_session=False)
)


class PostgresCarStore:
    """Cars to be changed, in three statements of constant text whatever the batch."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock(self, car_ids: Collection[str]) -> Mapping[str, Car]:
        """See the port. New cars have no row to lock: `add` finds out about rivals."""
        rows = await self._session.execute(_LOCK, {"ids": list(car_ids)})
        return {row.id: to_car(row) for row in rows}

    async def add(self, cars: Collection[Car]) -> None:
        """See the port."""
        if not cars:
            return
        rows = [(*_price_row(car), *_description_row(car)) for car in cars]
        added = await self._session.execute(_ADD, as_parameters(_NEW_COLUMNS, rows))
        if row_count(added) < len(cars):
            raise ConcurrentChangeError

    async def update(self, cars: Collection[Car]) -> None:
        """See the port."""
        if cars:
            rows = [_price_row(car) for car in cars]
            await self._session.execute(_UPDATE, as_parameters(_PRICE_COLUMNS, rows))


def _price_row(car: Car) -> tuple[object, ...]:
    price = car.price
    return car.id, price.amount, price.occurred_at, price.source, price.message_id


def _description_row(car: Car) -> tuple[object, ...]:
    return car.make, car.model, fold(car.make), fold(car.model), car.year
