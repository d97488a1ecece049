"""When the rows of dead letters were last compared with the queue."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from worker.infra.db.engine import Sessions
from worker.infra.db.models import DeadLetterComparisonModel


async def note_comparison(session: AsyncSession, at: datetime) -> None:
    """In the transaction of the caller."""
    noted = {"compared_at": at}
    new = insert(DeadLetterComparisonModel).values(id=1, **noted)
    await session.execute(new.on_conflict_do_update(index_elements=["id"], set_=noted))


async def read_last_comparison(sessions: Sessions) -> datetime | None:
    """None if they were never compared."""
    async with sessions() as session:
        found = await session.execute(select(DeadLetterComparisonModel.compared_at))
        return found.scalar_one_or_none()
