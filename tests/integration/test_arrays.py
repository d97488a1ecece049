"""Arrays that are sent as text arrive in PostgreSQL as they were."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from sqlalchemy import Boolean, DateTime, Integer, LargeBinary, Numeric, Text, func, select

from tests.support.examples import examples
from worker.infra.db.arrays import Columns, array_of, as_parameters, rows_of, table_of
from worker.infra.db.engine import Sessions
from worker.infra.db.models import CarModel

COLUMNS: Columns = {
    "name": Text(),
    "price": Numeric(12, 2),
    "at": DateTime(timezone=True),
    "year": Integer(),
    "digest": LargeBinary(),
    "alone": Boolean(),
}
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])) | (
    st.sampled_from(["", "NULL", "null", "{}", ",", '"', "\\", '\\"', " a ", "\n", "\x1f", "{a,b}"])
)
INSTANTS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - with timezones
VALUES: tuple[st.SearchStrategy[Any], ...] = (
    TEXTS,
    st.decimals(0, 10**9, places=2),
    INSTANTS,
    st.integers(-(2**31), 2**31 - 1),
    st.binary(),
    st.booleans(),
)
ROWS = st.tuples(*VALUES) | st.tuples(*(st.none() | values for values in VALUES))
some = examples(200, suppress_health_check=[HealthCheck.function_scoped_fixture])


@some
@given(rows=st.lists(ROWS, max_size=5))
async def test_any_values_come_back(sessions: Sessions, rows: list[tuple[object, ...]]) -> None:
    columns = zip(*rows, strict=True) if rows else [()] * len(COLUMNS)

    async with sessions() as session:
        told = await session.execute(
            select(rows_of("told", COLUMNS)), as_parameters(COLUMNS, columns)
        )

    assert [tuple(row) for row in told] == rows


@pytest.mark.parametrize("ids", [[], [""], ["a", '"', "\\", "a,b"]])
async def test_one_of_many_ids_is_found(sessions: Sessions, ids: list[str]) -> None:
    column = table_of(CarModel).c.id
    asked = select(func.cardinality(array_of("ids", column)))

    async with sessions() as session:
        assert (await session.execute(asked, {"ids": ids})).scalar_one() == len(ids)
