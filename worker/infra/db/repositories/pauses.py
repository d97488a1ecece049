"""Pauses of all workers; a pause that ends by itself is over at its time, written or not."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, case, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from worker.infra.db.engine import Sessions
from worker.infra.db.models import PauseModel
from worker.infra.fleet import Pause

_is_open = PauseModel.resumed_at.is_(None)
_is_past = PauseModel.until <= func.now()
_is_in_force = and_(_is_open, or_(PauseModel.until.is_(None), ~_is_past))
_COLUMNS = (
    PauseModel.id,
    PauseModel.reason,
    PauseModel.paused_by,
    PauseModel.paused_at,
    PauseModel.until,
    func.coalesce(PauseModel.resumed_at, case((_is_past, PauseModel.until))),
    PauseModel.resumed_by,
)
_LONGEST_FIRST = select(*_COLUMNS).order_by(PauseModel.until.desc().nulls_first(), PauseModel.id)
_CLOSE_PAST = update(PauseModel).where(_is_open, _is_past).values(resumed_at=PauseModel.until)


class UntilIsPastError(Exception):
    """A pause would be over before it begins."""


class PostgresPauses:
    """What operators ordered; each call is a transaction."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def begin(self, reason: str, by: str, until: datetime | timedelta | None) -> Pause:
        """Pauses all workers, beside pauses in force: the one that lasts longest counts.

        Raises:
            UntilIsPastError: by the clock of PostgreSQL.
        """
        async with self._sessions.begin() as session:
            now: datetime = (await session.execute(select(func.now()))).scalar_one()
            end = now + until if isinstance(until, timedelta) else until
            if end is not None and end <= now:
                raise UntilIsPastError
            new = insert(PauseModel).values(reason=reason, paused_by=by, until=end)
            return Pause(*(await session.execute(new.returning(*_COLUMNS))).one())

    async def end_all(self, by: str) -> list[Pause]:
        """Ends the pauses in force; returns them."""
        end = update(PauseModel).where(_is_in_force).values(resumed_at=func.now(), resumed_by=by)
        async with self._sessions.begin() as session:
            return [Pause(*row) for row in await session.execute(end.returning(*_COLUMNS))]

    async def in_force(self) -> Pause | None:
        """The pause that lasts longest."""
        found = await self._read(_LONGEST_FIRST.where(_is_in_force).limit(1))
        return found[0] if found else None

    async def newest(self, limit: int) -> list[Pause]:
        """Also those that are over, the newest first."""
        return await self._read(select(*_COLUMNS).order_by(PauseModel.id.desc()).limit(limit))

    async def _read(self, query: Select[*tuple[Any, ...]]) -> list[Pause]:
        async with self._sessions() as session:
            return [Pause(*row) for row in await session.execute(query)]


async def look_at_pauses(session: AsyncSession) -> Pause | None:
    """The pause in force that lasts longest; writes down of others that they have ended."""
    rows = await session.execute(_LONGEST_FIRST.where(_is_open))
    pauses = [Pause(*row) for row in rows]
    if any(pause.resumed_at is not None for pause in pauses):
        await close_past(session)
    return next((pause for pause in pauses if pause.resumed_at is None), None)


async def close_past(session: AsyncSession) -> None:
    """Writes down that pauses have ended by themselves."""
    await session.execute(_CLOSE_PAST)
