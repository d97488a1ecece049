"""Tells databases apart that have the same name."""

from hashlib import sha256

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from worker.infra.database_identity import DatabaseIdentity
from worker.infra.db.database_state import read_state
from worker.infra.db.errors import DATABASE_ERRORS, translate
from worker.infra.db.servers import server_of

_OID = text(
    """
    SELECT oid::int, has_function_privilege('pg_control_system()', 'EXECUTE')
    FROM pg_database WHERE datname = current_database()
    """
)
_SYSTEM = text("SELECT system_identifier FROM pg_control_system()")


async def identify_database(engine: AsyncEngine) -> DatabaseIdentity:
    """The identity; the server's own identifier is part of it where the role may read it.

    Raises:
        StoreUnavailableError: the database does not answer.
    """
    try:
        async with engine.connect() as connection:
            state = await read_state(connection)
            oid, may_read_system = (await connection.execute(_OID)).one()
            server = await server_of(connection)
            system = (await connection.execute(_SYSTEM)).scalar() if may_read_system else None
    except DATABASE_ERRORS as trouble:
        raise translate(trouble) from trouble
    whole = f"{system}/{oid}/{state.database}/{state.schema}"
    return DatabaseIdentity(
        state.database, str(state.schema), sha256(whole.encode()).hexdigest()[:16], server
    )
