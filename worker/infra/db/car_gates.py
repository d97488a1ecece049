"""Has who creates a car and who lets something wait for it see each other.

There is no row to lock before a car exists. So each car has a gate, an advisory lock: those who
create the car go through it together, who lets something wait for it goes through alone. Each
then looks for what the other has committed, in a later statement, because a statement sees only
what was committed when it began. Its INSERT leaves out rows where there is something, and the
batch is done again.

Cars share 128 gates, because locks of a transaction are few in PostgreSQL. A transaction goes
through all its gates at once, in their order, after it has locked the cars that exist and before
it locks or inserts anything else.
"""

from collections.abc import Collection
from dataclasses import dataclass
from zlib import crc32

from sqlalchemy import Boolean, ColumnElement, Integer, case, func, select

from worker.infra.db.advisory_locks import GATES_OF_CARS
from worker.infra.db.arrays import Columns, as_parameters, rows_of

GATES = 128

_COLUMNS: Columns = {"gate": Integer(), "alone": Boolean()}


@dataclass(slots=True)
class GatesAhead:
    """Parameters of `passed_gates` for the next statement; None if all gates are passed."""

    parameters: dict[str, list[object]] | None = None


def gates_of(*, together: Collection[str], alone: Collection[str]) -> dict[str, list[object]]:
    """The parameters of `passed_gates` for cars to be created, and for those awaited."""
    gates = dict.fromkeys(map(_gate_of, together), False) | dict.fromkeys(
        map(_gate_of, alone), True
    )
    return as_parameters(_COLUMNS, zip(*sorted(gates.items()), strict=True))


def passed_gates() -> ColumnElement[bool]:
    """True, once the transaction is through all gates; evaluated before a row is inserted."""
    asked = rows_of("gates", _COLUMNS)
    passed = select(
        case(
            (asked.c.alone, func.pg_advisory_xact_lock(GATES_OF_CARS, asked.c.gate)),
            else_=func.pg_advisory_xact_lock_shared(GATES_OF_CARS, asked.c.gate),
        ).label("passed")
    ).subquery()
    return select(func.count(passed.c.passed)).scalar_subquery() >= 0


def _gate_of(car_id: str) -> int:
    return crc32(car_id.encode()) % GATES
