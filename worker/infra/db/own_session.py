"""Tells a session of our own from one that a pooler shares among its clients.

A lock of a shared session would be left to whoever comes next on its connection.
"""

from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_TAKEN = text("SELECT CAST(current_setting('lock_timeout') AS interval) = :asked")


async def is_own_session(connection: AsyncConnection, lock_timeout: timedelta) -> bool:
    """Whether PostgreSQL took the `lock_timeout` that the session asked for as it connected.

    A pooler cannot pass on what a client asks for then: PgBouncer ignores it, or lets nobody in.
    https://www.pgbouncer.org/config.html#ignore_startup_parameters
    """
    async with connection.begin():
        return bool((await connection.execute(_TAKEN, {"asked": lock_timeout})).scalar())
