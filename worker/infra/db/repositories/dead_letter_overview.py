"""The open dead letters by error code, type and source, and how they came and went."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from worker.infra.db.engine import Sessions

HOURS = 48
"""How far back the history of a group goes, one count for each hour."""

DAY = 24

MOST_GROUPS = 200
"""So many are read, the largest: publishers may invent any number of sources."""

_HASH = text("SELECT set_config('work_mem', '32MB', true), set_config('enable_sort', 'off', true)")
"""For this transaction: PostgreSQL expects as many groups as letters, and would sort them all."""

_GROUPS = text(
    """
    WITH by_hour AS (
        SELECT code, type, source, hours_ago, sum(copies) AS messages,
            coalesce(sum(copies) FILTER (WHERE state = 'vanished'), 0) AS vanished,
            min(died_at) AS oldest, max(died_at) AS newest, min(id) AS first
        FROM dead_letters, LATERAL (
            SELECT CASE WHEN died_at <= now() AND died_at > now() - make_interval(hours => :hours)
                THEN floor(date_part('epoch', now() - died_at) / 3600)::int END AS hours_ago
        ) AS age
        WHERE settled_at IS NULL
        GROUP BY code, type, source, hours_ago
    ), grouped AS (
        SELECT code, type, source, sum(messages) AS messages, sum(vanished) AS vanished,
            min(oldest) AS oldest, max(newest) AS newest, min(first) AS first,
            array_agg(hours_ago) AS hours_ago, array_agg(messages::bigint) AS by_hour
        FROM by_hour GROUP BY code, type, source
    ), largest AS (
        SELECT grouped.*, count(*) OVER () AS groups, sum(messages) OVER () AS total,
            sum(vanished) OVER () AS total_vanished, min(oldest) OVER () AS oldest_of_all
        FROM grouped
        ORDER BY messages DESC, code COLLATE "C", type COLLATE "C", source LIMIT :most
    )
    SELECT largest.*, letter.handle, letter.detail
    FROM largest JOIN dead_letters AS letter ON letter.id = largest.first
    ORDER BY messages DESC, largest.code COLLATE "C", largest.type COLLATE "C", largest.source
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
    WITH caused AS (
        SELECT code, type, source, sum(copies) AS messages, min(car_id) AS car_id
        FROM dead_letters AS letter
        WHERE settled_at IS NULL AND type <> :creation AND EXISTS (
            SELECT FROM dead_letters AS creation
            WHERE creation.settled_at IS NULL AND creation.type = :creation
                AND creation.car_id = letter.car_id
        ) AND NOT EXISTS (SELECT FROM cars WHERE cars.id = letter.car_id)
        GROUP BY code, type, source
    )
    SELECT caused.code, caused.type, caused.source, caused.messages, min(creation.code) AS cause
    FROM caused JOIN dead_letters AS creation ON creation.settled_at IS NULL
        AND creation.type = :creation AND creation.car_id = caused.car_id
    GROUP BY caused.code, caused.type, caused.source, caused.messages
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
    """The largest groups; `count` tells how many there are, `total` how many messages in all."""

    groups: Sequence[GroupInTime]
    count: int
    total: int
    vanished: int
    oldest: datetime | None


async def read_groups_in_time(sessions: Sessions, creation_type: str) -> GroupsInTime:
    """The groups, largest first."""
    async with sessions() as session:
        await session.execute(_HASH)
        rows = await _read(session, _GROUPS, most=MOST_GROUPS, hours=HOURS)
        gone = {_key(row): row["messages"] for row in await _read(session, _GONE)}
        caused = {_key(row): row for row in await _read(session, _CAUSED, creation=creation_type)}
    groups = [_group(row, gone.get(_key(row), 0), caused.get(_key(row))) for row in rows]
    if not rows:
        return GroupsInTime(groups, 0, 0, 0, None)
    first = rows[0]
    return GroupsInTime(
        groups, first["groups"], first["total"], first["total_vanished"], first["oldest_of_all"]
    )


async def _read(session: AsyncSession, query: TextClause, **values: object) -> list[RowMapping]:
    return list((await session.execute(query, values)).mappings())


def _key(row: RowMapping) -> Key:
    return row["code"], row["type"], row["source"]


def _group(row: RowMapping, gone: int, cause: RowMapping | None) -> GroupInTime:
    hourly = [0] * HOURS
    for hours_ago, messages in zip(row["hours_ago"], row["by_hour"], strict=True):
        if hours_ago is not None:
            hourly[HOURS - 1 - hours_ago] = messages
    return GroupInTime(
        *_key(row),
        messages=row["messages"],
        vanished=row["vanished"],
        oldest=row["oldest"],
        newest=row["newest"],
        came=sum(hourly[-DAY:]),
        gone=gone,
        hourly=hourly,
        caused=cause["messages"] if cause else 0,
        cause=cause["cause"] if cause else None,
        sample_id=row["handle"],
        sample_detail=row["detail"],
    )
