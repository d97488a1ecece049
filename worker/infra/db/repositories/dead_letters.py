"""Reads the rows of dead letters, outside the transactions that write them."""

from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Row, Select, func, select, tuple_, update

from worker.domain.ports.dead_letter_records import DeadLetterRecord
from worker.domain.value_objects.dead_letter_selection import Selection
from worker.domain.value_objects.dead_letter_state import DeadLetterState
from worker.infra.db.arrays import array_of
from worker.infra.db.engine import Sessions
from worker.infra.db.repositories.dead_letter_conditions import (
    DEAD_LETTERS,
    IS_OPEN,
    conditions_of,
)
from worker.infra.db.repositories.dead_letter_notes import MUTED_GROUPS
from worker.infra.db.repositories.dead_letter_records import RECORDED

_AT_ONCE = 1_000
_letter = DEAD_LETTERS.c
RECORD_COLUMNS = [_letter[name] for name in (*RECORDED, "state", "recorded_at")]
"""What `stored` reads."""


@dataclass(frozen=True, slots=True)
class StoredDeadLetter:
    """A dead letter as its row has it; a worker moved it to the queue at `recorded_at`."""

    record: DeadLetterRecord
    state: DeadLetterState
    recorded_at: datetime

    @property
    def is_vanished(self) -> bool:
        """Whether it is in no queue."""
        return self.state is DeadLetterState.VANISHED


@dataclass(frozen=True, slots=True)
class SelectedDeadLetter:
    """What a command must know of a letter to take it from the queue, or from its row."""

    key: bytes
    content_key: bytes
    handle: str
    type: str
    copies: int
    state: DeadLetterState

    @property
    def is_vanished(self) -> bool:
        """Whether it is in no queue."""
        return self.state == DeadLetterState.VANISHED

    @property
    def messages(self) -> int:
        """How many it is; of one that is in no queue, all copies are one."""
        return 1 if self.is_vanished else self.copies


_SELECTED = [_letter[name] for name in SelectedDeadLetter.__slots__]


@dataclass(frozen=True, slots=True)
class DeadLetterCounts:
    """Letters that wait for an operator; `oldest` is None if there are none with a time.

    `muted` counts those among the dead whose group is muted.
    """

    dead: int
    muted: int
    vanished: int
    oldest: datetime | None

    @property
    def total(self) -> int:
        """All that wait for an operator."""
        return self.dead + self.vanished


@dataclass(frozen=True, slots=True)
class DeadLetterNames:
    """What the open letters have of each."""

    codes: list[str]
    types: list[str]


class PostgresDeadLetters:
    """The open dead letters as the last commit left them, oldest first."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def count(self) -> DeadLetterCounts:
        """How many wait for an operator."""
        copies = func.sum(_letter.copies)
        is_dead = _letter.state == DeadLetterState.DEAD
        is_muted = tuple_(_letter.code, _letter.type).in_(MUTED_GROUPS)
        query = select(
            copies.filter(is_dead),
            copies.filter(is_dead, is_muted),
            copies.filter(_letter.state == DeadLetterState.VANISHED),
            func.min(_letter.died_at),
        ).where(IS_OPEN)
        async with self._sessions() as session:
            dead, muted, vanished, oldest = (await session.execute(query)).one()
        return DeadLetterCounts(dead or 0, muted or 0, vanished or 0, oldest)

    async def names(self) -> DeadLetterNames:
        """The codes and the types of all."""
        query = select(
            func.array_agg(_letter.code.distinct()), func.array_agg(_letter.type.distinct())
        ).where(IS_OPEN)
        async with self._sessions() as session:
            codes, types = (await session.execute(query)).one()
        return DeadLetterNames(list(codes or ()), list(types or ()))

    async def select(self, selection: Selection) -> list[SelectedDeadLetter]:
        """Those that match."""
        query = (
            select(*_SELECTED)
            .where(*conditions_of(selection))
            .order_by(_letter.id)
            .limit(selection.limit)
        )
        return await self._selected(query)

    async def select_contents(self, content_keys: Collection[bytes]) -> list[SelectedDeadLetter]:
        """Those of some contents."""
        return [
            found
            for keys in _chunks(content_keys)
            for found in await self._selected(
                select(*_SELECTED)
                .where(IS_OPEN, _letter.content_key.in_(keys))
                .order_by(_letter.id)
            )
        ]

    async def stream(self, selection: Selection) -> AsyncIterator[StoredDeadLetter]:
        """Those that match, read a few hundred at a time."""
        query = (
            select(*RECORD_COLUMNS)
            .where(*conditions_of(selection))
            .order_by(_letter.id)
            .limit(selection.limit)
            .execution_options(yield_per=200)
        )
        async with self._sessions() as session:
            async for row in await session.stream(query):
                yield stored(row)

    async def read(self, keys: Sequence[bytes]) -> list[StoredDeadLetter]:
        """The open ones of these keys."""
        query = select(*RECORD_COLUMNS).where(IS_OPEN, _letter.key.in_(keys))
        async with self._sessions() as session:
            rows = await session.execute(query.order_by(_letter.id))
            return [stored(row) for row in rows]

    async def note_vanished(self, keys: Collection[bytes]) -> None:
        """These letters are not in the queue."""
        for some in _chunks(keys):
            vanished = (
                update(DEAD_LETTERS)
                .where(IS_OPEN, _letter.key.in_(some))
                .values(state=DeadLetterState.VANISHED)
            )
            async with self._sessions.begin() as session:
                await session.execute(vanished)

    async def find_replayed_again(
        self, replays_by_content: Mapping[bytes, int], *, since: datetime
    ) -> dict[bytes, str]:
        """The codes of contents that died since then after so many replays, by content key."""
        query = (
            select(_letter.content_key, _letter.replays, _letter.code)
            .where(
                IS_OPEN,
                _letter.recorded_at > since,
                _letter.content_key == func.any(array_of("keys", _letter.content_key)),
            )
            .order_by(_letter.id)
        )
        async with self._sessions() as session:
            rows = await session.execute(query, {"keys": list(replays_by_content)})
            return {
                row.content_key: row.code
                for row in rows
                if row.replays >= replays_by_content[row.content_key]
            }

    async def _selected(self, query: Select[Any]) -> list[SelectedDeadLetter]:
        async with self._sessions() as session:
            return [SelectedDeadLetter(*row) for row in await session.execute(query)]


def stored(row: Row[Any]) -> StoredDeadLetter:
    """From a row of `RECORD_COLUMNS`."""
    record = DeadLetterRecord(**{name: getattr(row, name) for name in RECORDED})
    return StoredDeadLetter(record, DeadLetterState(row.state), row.recorded_at)


def _chunks(keys: Collection[bytes]) -> Iterator[list[bytes]]:
    remaining = iter(keys)
    while some := list(islice(remaining, _AT_ONCE)):
        yield some
