"""The pauses as PostgreSQL has them, for one command."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from worker.infra.db.engine import database
from worker.infra.db.errors import DATABASE_ERRORS, translate
from worker.infra.db.repositories.pauses import PostgresPauses
from worker.infra.db.schema import check_revision, read_revision
from worker.settings import read_database_url

T = TypeVar("T")


async def with_pauses(work: Callable[[PostgresPauses], Awaitable[T]]) -> T:
    """Does the work in a database of our revision."""
    async with database(read_database_url) as (engine, sessions):
        check_revision(await read_revision(engine))
        try:
            return await work(PostgresPauses(sessions))
        except DATABASE_ERRORS as trouble:
            raise translate(trouble) from trouble
