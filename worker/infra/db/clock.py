from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from worker.infra.clocks import Clocks
from worker.infra.db.errors import DATABASE_ERRORS, translate

_NOW = text("SELECT clock_timestamp()")


async def measure_clock(engine: AsyncEngine, clocks: Clocks) -> None:
    """Compares the worker's clock with PostgreSQL's.

    Raises:
        StoreUnavailableError: the database does not answer.
    """
    try:
        async with engine.connect() as connection:

            async def read_theirs() -> datetime:
                theirs: datetime = (await connection.execute(_NOW)).scalar_one()
                return theirs

            await clocks.measure(read_theirs)
    except DATABASE_ERRORS as trouble:
        raise translate(trouble) from trouble
