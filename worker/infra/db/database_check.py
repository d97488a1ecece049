"""Looks at the database for `doctor`, changing nothing."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from worker.domain.ports.unit_of_work import StoreUnavailableError
from worker.infra.check import Check
from worker.infra.clocks import Clocks
from worker.infra.db.clock import measure_clock
from worker.infra.db.errors import DATABASE_ERRORS, translate
from worker.infra.db.models import CarModel
from worker.infra.db.schema import WrongSchemaError, check_revision, read_revision
from worker.infra.durations import DEFAULT_DURATIONS

CLOCKS_APART_AT_MOST = DEFAULT_DURATIONS.clocks_apart / 2
"""Seconds; a warning before the workers stop."""

_LACKING_RIGHTS = text(
    """
    SELECT privilege || ' on ' || name
    FROM unnest(CAST(:tables AS text[])) AS tables(name)
    CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS privileges(privilege)
    WHERE NOT has_table_privilege(name, privilege)
    ORDER BY 1
    """
)


async def check_database(engine: AsyncEngine, clock: Callable[[], datetime]) -> list[Check]:
    """The schema; where that is fit, the rights on its tables and the clock."""
    check = "PostgreSQL and its schema"
    try:
        newer = check_revision(await read_revision(engine))
    except (WrongSchemaError, StoreUnavailableError) as problem:
        return [Check(check, str(problem))]
    schema = Check(f"{check}{', newer than this release' if newer else ''}", None)
    return [
        schema,
        Check("rights on the tables", await _rights_problem(engine)),
        await _check_clock(engine, clock),
    ]


async def _rights_problem(engine: AsyncEngine) -> str | None:
    tables = [table.name for table in CarModel.metadata.sorted_tables]
    try:
        async with engine.connect() as connection:
            lacking = (await connection.execute(_LACKING_RIGHTS, {"tables": tables})).scalars()
    except DATABASE_ERRORS as trouble:
        return str(translate(trouble))
    names = ", ".join(lacking)
    return f"lacking {names}: grant them, see docs/security.md" if names else None


async def _check_clock(engine: AsyncEngine, clock: Callable[[], datetime]) -> Check:
    clocks = Clocks(clock, CLOCKS_APART_AT_MOST)
    try:
        await measure_clock(engine, clocks)
    except StoreUnavailableError as unavailable:
        return Check("clock", str(unavailable), is_warning=True)
    skew = abs(clocks.skew)
    if skew <= CLOCKS_APART_AT_MOST:
        return Check("clock", None)
    if skew <= DEFAULT_DURATIONS.clocks_apart:
        problem = f"is {skew:.0f} s apart from PostgreSQL's: have both follow NTP"
        return Check("clock", problem, is_warning=True)
    return Check("clock", clocks.problem())
