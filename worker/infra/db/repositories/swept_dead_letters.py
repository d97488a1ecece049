"""Corrects the rows of dead letters by what is in the queue."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import TypeVar

from sqlalchemy import (
    DateTime,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
    update,
)
from typing_extensions import override

from worker.domain.ports.dead_letter_records import DeadLetterRecord
from worker.domain.ports.swept_dead_letters import ExpectedLetters, SweptDeadLetters
from worker.domain.value_objects.dead_letter_state import DeadLetterState
from worker.infra.db.arrays import array_of, as_parameters, columns_of, rows_of, table_of
from worker.infra.db.engine import Sessions
from worker.infra.db.models import DeadLetterModel, ProcessedMessageModel
from worker.infra.db.repositories.dead_letter_comparison import note_comparison
from worker.infra.db.repositories.dead_letter_conditions import DEAD_LETTERS
from worker.infra.db.repositories.dead_letter_records import PostgresDeadLetterRecords

T = TypeVar("T")

_AT_ONCE = 1_000
_letter = DEAD_LETTERS.c
_is_dead = _letter.state == DeadLetterState.DEAD
_asked = _letter.key == func.any(array_of("keys", _letter.key))
_since = bindparam("since", type_=DateTime(timezone=True))

_COUNTED = columns_of(DeadLetterModel, ("key", "copies"))
_counted = rows_of("counted", _COUNTED)
_FOUND = (
    update(DEAD_LETTERS)
    .where(
        _letter.key == _counted.c.key,
        or_(_letter.copies != _counted.c.copies, ~_is_dead),
        _letter.recorded_at < _since,
        func.coalesce(_letter.settled_at, _letter.recorded_at) < _since,
    )
    .values(copies=_counted.c.copies, state=DeadLetterState.DEAD, settled_at=None)
)

_processed = table_of(ProcessedMessageModel)
_was_applied_after_all = exists().where(
    _processed.c.source == _letter.source,
    _processed.c.message_id == _letter.message_id,
    _processed.c.processed_at >= _letter.recorded_at,
)
_LEFT = (
    update(DEAD_LETTERS)
    .where(_asked, _is_dead, _letter.recorded_at < _since)
    .values(
        state=case(
            (_was_applied_after_all, DeadLetterState.APPLIED),
            (bindparam("has_twin"), DeadLetterState.REPLACED),
            else_=DeadLetterState.VANISHED,
        ),
        settled_at=case(
            (or_(_was_applied_after_all, bindparam("has_twin")), func.now()), else_=None
        ),
    )
    .returning(_letter.state, _letter.copies)
)


class PostgresSweptDeadLetters(SweptDeadLetters):
    """`grace` is how long a letter may be on its way to the queue once it is recorded."""

    def __init__(self, sessions: Sessions, grace: timedelta) -> None:
        self._sessions = sessions
        self._grace = grace

    @override
    async def expected(self) -> ExpectedLetters:
        copies = func.sum(_letter.copies)
        arrived = _letter.recorded_at < func.now() - self._grace
        query = select(copies.filter(arrived), copies, func.now()).where(_is_dead)
        async with self._sessions() as session:
            least, most, now = (await session.execute(query)).one()
        return ExpectedLetters(least or 0, most or 0, now)

    @override
    async def unknown(self, keys: Collection[bytes]) -> set[bytes]:
        async with self._sessions() as session:
            known = await session.execute(select(_letter.key).where(_asked), {"keys": list(keys)})
            return set(keys).difference(known.scalars())

    @override
    async def add(self, records: Collection[DeadLetterRecord]) -> None:
        async with self._sessions.begin() as session:
            await PostgresDeadLetterRecords(await session.connection()).add(records)

    @override
    async def found(self, copies: Mapping[bytes, int], since: datetime) -> None:
        for some in _chunks(copies.items()):
            parameters = as_parameters(_COUNTED, zip(*some, strict=True))
            async with self._sessions.begin() as session:
                await session.execute(_FOUND, {**parameters, "since": since})

    @override
    async def keep_only(self, keys: Collection[bytes], since: datetime) -> int:
        long_ago = since - self._grace
        query = select(_letter.key, _letter.content_key).where(
            _is_dead, _letter.recorded_at < long_ago
        )
        async with self._sessions() as session:
            contents = dict((await session.execute(query)).all())
        there = {content for key, content in contents.items() if key in keys}
        left = {key: content for key, content in contents.items() if key not in keys}
        twins = [key for key, content in left.items() if content in there]
        others = [key for key, content in left.items() if content not in there]
        await self._note_left(twins, long_ago, has_twin=True)
        return await self._note_left(others, long_ago, has_twin=False)

    @override
    async def compared(self, at: datetime) -> None:
        async with self._sessions.begin() as session:
            await note_comparison(session, at)

    async def _note_left(self, keys: Collection[bytes], since: datetime, *, has_twin: bool) -> int:
        """Returns how many of them have vanished."""
        vanished = 0
        for some in _chunks(keys):
            parameters = {"keys": some, "since": since, "has_twin": has_twin}
            async with self._sessions.begin() as session:
                rows = await session.execute(_LEFT, parameters)
                vanished += sum(
                    copies for state, copies in rows if state == DeadLetterState.VANISHED
                )
        return vanished


def _chunks(items: Iterable[T]) -> Iterator[list[T]]:
    remaining = iter(items)
    while some := list(islice(remaining, _AT_ONCE)):
        yield some
