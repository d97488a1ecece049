import pytest
from sqlalchemy import text

from tests.support.units_of_work import unit_of_work
from worker.domain.ports.unit_of_work import StatementRefusedError, StoreUnavailableError
from worker.infra.db.engine import Sessions

WAIT = {
    "08000": "connection exception",
    "08006": "connection failure",
    "0A000": "feature not supported, such as a cached plan whose table has changed",
    "25006": "read-only transaction: a standby after a failover",
    "25P02": "in a failed transaction",
    "28000": "invalid authorization",
    "3D000": "no such database",
    "3F000": "no such schema",
    "40001": "serialization failure",
    "40P01": "deadlock",
    "42501": "insufficient privilege",
    "42703": "no such column",
    "42P01": "no such table",
    "53100": "disk full",
    "53200": "out of memory",
    "53300": "too many connections",
    "55000": "object not in prerequisite state",
    "55P03": "lock not available",
    "57014": "query cancelled, by statement_timeout too",
    "57P01": "admin shutdown",
    "57P03": "cannot connect now",
    "58030": "I/O error",
    "XX000": "internal error",
    "XX001": "data corrupted",
}
BLAME = {
    "21000": "cardinality violation",
    "22001": "string too long",
    "22003": "number out of range",
    "22007": "invalid datetime",
    "22021": "character not in repertoire",
    "22P02": "invalid text representation",
    "23502": "not null violation",
    "23505": "unique violation",
    "23514": "check violation",
    "44000": "WITH CHECK OPTION violation",
    "54000": "index row too large",
    "P0001": "raised by a trigger",
}

SECRET = "hunter2"


def raising(sqlstate: str) -> str:
    details = f"DETAIL = '{SECRET}', HINT = '{SECRET}'"
    return f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{sqlstate}', {details}; END $$"


async def commit_after(statement: str, sessions: Sessions, **parameters: object) -> None:
    async with unit_of_work(sessions) as work:
        await work.cars._connection.execute(text(statement), parameters)  # noqa: SLF001 - no port runs any statement
        await work.commit()


@pytest.mark.parametrize("sqlstate", WAIT)
async def test_what_is_no_fault_of_a_message_waits(sqlstate: str, sessions: Sessions) -> None:
    with pytest.raises(StoreUnavailableError) as raised:
        await commit_after(raising(sqlstate), sessions)

    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("sqlstate", BLAME)
async def test_what_another_message_would_not_have_met_is_its_own_fault(
    sqlstate: str, sessions: Sessions
) -> None:
    with pytest.raises(StatementRefusedError, match=sqlstate) as raised:
        await commit_after(raising(sqlstate), sessions)

    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("value", ["a\x00b", "\ud800", 17])
async def test_a_value_that_no_column_takes_is_the_fault_of_its_message(
    value: object, sessions: Sessions
) -> None:
    with pytest.raises(StatementRefusedError):
        await commit_after("SELECT CAST(:value AS text)", sessions, value=value)


async def test_a_lock_that_somebody_keeps_waits(sessions: Sessions) -> None:
    async with sessions() as other:
        await other.execute(text("LOCK TABLE cars IN ACCESS EXCLUSIVE MODE"))

        with pytest.raises(StoreUnavailableError):
            await commit_after("LOCK TABLE cars NOWAIT", sessions)
