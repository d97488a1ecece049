"""What operators note of groups of dead letters."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from worker.domain.value_objects.group_note import GroupNote
from worker.infra.db.arrays import table_of
from worker.infra.db.engine import Sessions
from worker.infra.db.models import DeadLetterNoteModel
from worker.infra.db.repositories.dead_letter_audit import add_done_audit
from worker.infra.db.repositories.dead_letter_conditions import DEAD_LETTERS, IS_OPEN

Group = tuple[str, str]
"""Error code and type."""

_note, _letter = table_of(DeadLetterNoteModel).c, DEAD_LETTERS.c
_IS_NEW = and_(
    IS_OPEN,
    _letter.code == _note.code,
    _letter.type == _note.type,
    _letter.recorded_at > _note.noted_at,
)
IS_MUTED = and_(_note.muted_until > func.now(), ~exists().where(_IS_NEW))
"""A new letter opens a muted group again."""

MUTED_GROUPS = select(_note.code, _note.type).where(IS_MUTED)


class PostgresDeadLetterNotes:
    """The notes as the last commit left them."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def all(self) -> dict[Group, GroupNote]:
        """The note of each group that has one, whether it has letters or not."""
        new = select(func.coalesce(func.sum(_letter.copies), 0)).where(_IS_NEW).scalar_subquery()
        query = select(
            *(_note.code, _note.type, _note.owner, _note.text, _note.ticket, _note.muted_until),
            *(_note.noted_by, _note.noted_at, new, func.coalesce(IS_MUTED, False)),
        )
        async with self._sessions() as session:
            rows = await session.execute(query)
            return {(code, type_): GroupNote(*note) for code, type_, *note in rows}

    async def write(
        self, groups: Iterable[Group], changes: Mapping[str, Any], *, person: str, process: str
    ) -> None:
        """Changes what is given, and keeps the rest; a timedelta is counted from now."""
        values = {name: _from_now(value) for name, value in changes.items()}
        set_ = {**values, "noted_by": person, "noted_at": func.now()}
        async with self._sessions.begin() as session:
            for code, type_ in groups:
                new = insert(DeadLetterNoteModel).values(code=code, type=type_, **set_)
                keys = ("code", "type")
                await session.execute(new.on_conflict_do_update(index_elements=keys, set_=set_))
                choice = {"code": code, "type": type_, **_as_json(changes)}
                await _audit(session, choice, person, process)

    async def clear(self, groups: Iterable[Group], *, person: str, process: str) -> None:
        """Takes notes away."""
        async with self._sessions.begin() as session:
            for code, type_ in groups:
                await session.execute(
                    delete(DeadLetterNoteModel).where(_note.code == code, _note.type == type_)
                )
                choice = {"code": code, "type": type_, "clear": True}
                await _audit(session, choice, person, process)


async def _audit(
    session: AsyncSession, choice: Mapping[str, Any], person: str, process: str
) -> None:
    await add_done_audit(
        session, command="note", started_by=person, process=process, choice=choice, messages=()
    )


def _from_now(value: object) -> object:
    return func.now() + value if isinstance(value, timedelta) else value


def _as_json(changes: Mapping[str, object]) -> dict[str, object]:
    return dict(map(_told, changes.keys(), changes.values()))


def _told(name: str, value: object) -> tuple[str, object]:
    if isinstance(value, timedelta):
        return "muted_for", str(value)
    return name, str(value) if isinstance(value, datetime) else value
