"""Cars that something waits for, outside the transactions that let it wait."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Interval, Select, bindparam, delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import aggregate_order_by

from worker.domain.ports.dead_letter_audit import AuditedMessage
from worker.infra.db.arrays import table_of
from worker.infra.db.car_gates import gates_of, passed_gates
from worker.infra.db.engine import Sessions
from worker.infra.db.models import CarModel, EarlyObservationModel, ProcessedMessageModel
from worker.infra.db.repositories.audited_actions import AuditedPerson, audit_done
from worker.infra.db.repositories.dead_letter_conditions import DEAD_LETTERS, IS_OPEN

_AT_ONCE = 400
_early = table_of(EarlyObservationModel).c
_SINCE = func.min(_early.waits_since)


@dataclass(frozen=True, slots=True)
class AwaitedCar:
    """A car that something waits for.

    `waiting` names what: `price`, `listing`, `plan` with its id; `sources` who said it.
    `creation_died_of` is the error code of its creation, if that is a dead letter.
    """

    car_id: str
    since: datetime
    waiting: Sequence[str]
    sources: Sequence[str]
    creation_died_of: str | None


@dataclass(frozen=True, slots=True)
class AwaitedCounts:
    """How many cars are awaited; `oldest` is None if none is."""

    cars: int
    oldest: datetime | None


class PostgresAwaitedCars:
    """The cars that something waits for, as the last commit left them."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def count(self) -> AwaitedCounts:
        """How many there are, and since when the oldest is awaited."""
        async with self._sessions() as session:
            row = await session.execute(select(func.count(_early.car_id.distinct()), _SINCE))
            return AwaitedCounts(*row.one())

    async def find(self, creation_type: str, older_than: timedelta) -> list[AwaitedCar]:
        """Those awaited for longer, the oldest first."""
        async with self._sessions() as session:
            rows = await session.execute(_select_awaited(creation_type), {"older_than": older_than})
            return [AwaitedCar(*row) for row in rows]

    async def count_dead_creations(self, creation_type: str) -> Mapping[str, int]:
        """How many awaited cars have their creation among the dead letters, by error code."""
        awaited = _select_awaited(creation_type).subquery()
        code = awaited.c.creation_died_of
        query = select(code, func.count()).where(code.is_not(None)).group_by(code).order_by(code)
        async with self._sessions() as session:
            rows = await session.execute(query, {"older_than": timedelta(0)})
            return {row[0]: row[1] for row in rows}

    async def find_left_behind(self) -> list[str]:
        """Some cars that exist although something waits for them."""
        query = (
            select(_early.car_id)
            .distinct()
            .where(_early.car_id == CarModel.id)
            .order_by(_early.car_id)
            .limit(_AT_ONCE)
        )
        async with self._sessions() as session:
            return list((await session.execute(query)).scalars())

    async def forget(self, car_id: str, by: AuditedPerson) -> int:
        """Removes what waits for a car, and the ids of those messages; returns how many.

        Without their ids the messages can be sent again.
        """
        async with self._sessions.begin() as session:
            await session.execute(select(passed_gates()), gates_of(together=(), alone=[car_id]))
            forgotten = (
                delete(EarlyObservationModel)
                .where(_early.car_id == car_id)
                .returning(_early.source, _early.message_id)
            )
            messages = [(row.source, row.message_id) for row in await session.execute(forgotten)]
            if messages:
                ids = tuple_(ProcessedMessageModel.source, ProcessedMessageModel.message_id)
                await session.execute(delete(ProcessedMessageModel).where(ids.in_(messages)))
                forgotten_messages = [AuditedMessage(*each, code="early") for each in messages]
                await audit_done(session, "forget", by, {"car": car_id}, forgotten_messages)
        return len(messages)


def _select_awaited(creation_type: str) -> Select[Any]:
    """One row for each car awaited for longer than the parameter `older_than`."""
    letter = DEAD_LETTERS.c
    dead = (
        select(letter.car_id, func.min(letter.code).label("code"))
        .where(IS_OPEN, letter.type == creation_type)
        .group_by(letter.car_id)
        .subquery("dead_creations")
    )
    return (
        select(
            _early.car_id,
            _SINCE.label("since"),
            func.array_agg(aggregate_order_by(_early.about, _early.about)),
            func.array_agg(_early.source.distinct()),
            func.min(dead.c.code).label("creation_died_of"),
        )
        .outerjoin(dead, dead.c.car_id == _early.car_id)
        .group_by(_early.car_id)
        .having(func.now() - bindparam("older_than", type_=Interval) >= _SINCE)
        .order_by(_SINCE, _early.car_id)
    )
