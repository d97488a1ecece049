"""Looks at the database for `doctor`, changing nothing."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from worker.domain.ports.unit_of_work import StoreUnavailableError
from worker.infra.check import Check
from worker.infra.clocks import Clocks
from worker.infra.db.ability import try_to_write
from worker.infra.db.clock import measure_clock
from worker.infra.db.engine import create_sessions
from worker.infra.db.errors import DATABASE_ERRORS, translate
from worker.infra.db.identity import identify_database
from worker.infra.db.models import CarModel
from worker.infra.db.pause_check import check_pause
from worker.infra.db.schema import WrongSchemaError, check_revision, read_revision
from worker.infra.durations import DEFAULT_DURATIONS

CLOCKS_APART_AT_MOST = DEFAULT_DURATIONS.clocks_apart / 2
"""Seconds; a warning before the workers stop."""

_TABLES = [table.name for table in CarModel.metadata.sorted_tables]
_LACKING_RIGHTS = text(
    """
    SELECT privilege || ' on ' || name
    FROM unnest(CAST(:tables AS text[])) AS tables(name)
    CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS privileges(privilege)
    WHERE NOT has_table_privilege(name, privilege)
    ORDER BY 1
    """
)
_RISKY_SETTINGS = text(
    """
    SELECT name || ' is off' FROM pg_settings
    WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off'
    UNION ALL
    SELECT 'table ' || relname || ' is UNLOGGED' FROM pg_class
    WHERE relpersistence = 'u'
        AND oid IN (SELECT to_regclass(name) FROM unnest(CAST(:tables AS text[])) AS tables(name))
    ORDER BY 1
    """
)


async def check_database(engine: AsyncEngine, clock: Callable[[], datetime]) -> list[Check]:
    """The schema; where that is fit, rights, durability, a transaction, the clock, a pause."""
    check = "PostgreSQL and its schema"
    try:
        newer = check_revision(await read_revision(engine))
        server = (await identify_database(engine)).server
    except (WrongSchemaError, StoreUnavailableError) as problem:
        return [Check(check, str(problem))]
    schema = Check(f"{check} ({server}){', newer than this release' if newer else ''}", None)
    return [
        schema,
        Check("rights on the tables", await _rights_problem(engine)),
        Check("durability", await _durability_problem(engine), is_warning=True),
        Check("a transaction that writes", await _write_problem(engine)),
        await _check_clock(engine, clock),
        await check_pause(create_sessions(engine)),
    ]


async def _rights_problem(engine: AsyncEngine) -> str | None:
    try:
        async with engine.connect() as connection:
            lacking = (await connection.execute(_LACKING_RIGHTS, {"tables": _TABLES})).scalars()
    except DATABASE_ERRORS as trouble:
        return str(translate(trouble))
    names = ", ".join(lacking)
    return f"lacking {names}: grant them, see docs/security.md" if names else None


async def _durability_problem(engine: AsyncEngine) -> str | None:
    """A message is acknowledged once its change is committed: commits must survive a crash."""
    try:
        async with engine.connect() as connection:
            found = (await connection.execute(_RISKY_SETTINGS, {"tables": _TABLES})).scalars()
    except DATABASE_ERRORS as trouble:
        return str(translate(trouble))
    risks = ", ".join(found)
    return f"{risks}: a crash of PostgreSQL loses acknowledged events" if risks else None


async def _write_problem(engine: AsyncEngine) -> str | None:
    try:
        await try_to_write(engine)
    except StoreUnavailableError as refused:
        return f"{refused}: does DATABASE_URL name the primary, and a role that may write?"
    return None


async def _check_clock(engine: AsyncEngine, clock: Callable[[], datetime]) -> Check:
    clocks = Clocks(CLOCKS_APART_AT_MOST, lambda: clock().timestamp())
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
