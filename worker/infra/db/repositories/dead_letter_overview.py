"""The open dead letters by error code, type and source, and how they came and went."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from worker.infra.db.engine import Sessions

HOURS = 48
"""How far back the history of a group goes, one count for each hour."""

MOST_GROUPS = 200
"""So many are read, the largest: publishers may invent any number of sources."""

_GROUPS = text(
    """
    WITH grouped AS (
        SELECT code, type, source, sum(copies) AS messages,
            coalesce(sum(copies) FILTER (WHERE state = 'vanished'), 0) AS vanished,
            min(died_at) AS oldest, max(died_at) AS newest,
            coalesce(sum(copies) FILTER (WHERE died_at >= now() - interval '24 hours'), 0) AS came,
            min(id) AS first
        FROM dead_letters WHERE settled_at IS NULL
        GROUP BY code, type, source
    )
    SELECT grouped.*, count(*) OVER () AS groups, letter.handle, letter.detail
    FROM grouped JOIN dead_letters AS letter ON letter.id = grouped.first
    ORDER BY messages DESC, grouped.code COLLATE "C", grouped.type COLLATE "C", grouped.source
    LIMIT :most
    """
)
_HISTORY = text(
    """
    SELECT code, type, source, sum(copies) AS messages,
        floor(extract(epoch FROM now() - died_at) / 3600)::int AS hours_ago
    FROM dead_letters
    WHERE settled_at IS NULL AND died_at > now() - make_interval(hours => :hours)
        AND died_at <= now()
    GROUP BY code, type, source, hours_ago
    """
)
_GONE = text(
    """
    SELECT code, type, source, sum(copies) AS messages FROM dead_letters
    WHERE settled_at >= now() - interval '24 hours'
        AND (died_at IS NULL OR died_at < now() - interval '24 hours')
    GROUP BY code, type, source
    """
)
_CAUSED = text(
    """
    SELECT letter.code, letter.type, letter.source, sum(letter.copies) AS messages,
        min(creation.code) AS cause
    FROM dead_letters AS letter JOIN (
        SELECT car_id, min(code) AS code FROM dead_letters
        WHERE settled_at IS NULL AND type = :creation GROUP BY car_id
    ) AS creation USING (car_id)
    WHERE letter.settled_at IS NULL AND letter.type <> :creation
    GROUP BY letter.code, letter.type, letter.source
    """
)

Key = tuple[str, str, str]
"""Code, type and source of a group."""


@dataclass(frozen=True, slots=True)
class GroupInTime:
    """The dead letters of one code, type and source.

    `came` died in the last 24 hours and still wait; `gone` waited 24 hours ago, and were settled
    since. `hourly` counts those that wait by the hour they died in, the last hour last. `caused`
    letters are about a car whose creation is a dead letter itself, with the code `cause`.
    """

    code: str
    type: str
    source: str
    messages: int
    vanished: int
    oldest: datetime | None
    newest: datetime | None
    came: int
    gone: int
    hourly: Sequence[int]
    caused: int
    cause: str | None
    sample_id: str
    sample_detail: str

    @property
    def change(self) -> int:
        """How many more wait than 24 hours ago."""
        return self.came - self.gone


@dataclass(frozen=True, slots=True)
class GroupsInTime:
    """The largest groups; `count` tells how many there are."""

    groups: Sequence[GroupInTime]
    count: int


async def read_groups_in_time(sessions: Sessions, creation_type: str) -> GroupsInTime:
    """The groups, largest first."""
    async with sessions() as session:
        rows = await _read(session, _GROUPS, most=MOST_GROUPS)
        hourly: dict[Key, list[int]] = defaultdict(lambda: [0] * HOURS)
        for row in await _read(session, _HISTORY, hours=HOURS):
            hourly[_key(row)][HOURS - 1 - row["hours_ago"]] += row["messages"]
        gone = {_key(row): row["messages"] for row in await _read(session, _GONE)}
        caused = {_key(row): row for row in await _read(session, _CAUSED, creation=creation_type)}
    groups = [_group(row, hourly[_key(row)], gone, caused) for row in rows]
    return GroupsInTime(groups, rows[0]["groups"] if rows else 0)


async def _read(session: AsyncSession, query: TextClause, **values: object) -> list[RowMapping]:
    return list((await session.execute(query, values)).mappings())


def _key(row: RowMapping) -> Key:
    return row["code"], row["type"], row["source"]


def _group(
    row: RowMapping,
    hourly: Sequence[int],
    gone: Mapping[Key, int],
    caused: Mapping[Key, RowMapping],
) -> GroupInTime:
    cause = caused.get(_key(row))
    return GroupInTime(
        *_key(row),
        messages=row["messages"],
        vanished=row["vanished"],
        oldest=row["oldest"],
        newest=row["newest"],
        came=row["came"],
        gone=gone.get(_key(row), 0),
        hourly=hourly,
        caused=cause["messages"] if cause else 0,
        cause=cause["cause"] if cause else None,
        sample_id=row["handle"],
        sample_detail=row["detail"],
    )
