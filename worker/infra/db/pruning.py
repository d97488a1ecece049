"""Forgets what is old: ids, unfinished trials, settled dead letters, jobs, killed workers.

Small transactions, one worker at a time, only rows that nobody has locked: the pruner waits for
nobody, so that it is part of no deadlock, and whoever waits for it waits for one small delete.
"""

import asyncio
import random
import time
from datetime import timedelta

import structlog
from sqlalchemy import Interval, bindparam, func, select, text

from worker.infra.db.advisory_locks import AdvisoryLock
from worker.infra.db.engine import Sessions
from worker.infra.db.errors import DATABASE_ERRORS, translate
from worker.infra.durations import Durations

BATCH_ROWS = 1000

_TRY_LOCK = select(func.pg_try_advisory_xact_lock(AdvisoryLock.PRUNING.value))
"""Held by the worker that prunes; the end of its transaction frees it."""

_DELETE = """
DELETE FROM {table} WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM {table} WHERE {age} < now() - :retention {unless}
    ORDER BY {age} LIMIT :rows FOR UPDATE SKIP LOCKED
)) RETURNING 1
"""
"""By ctid, since the rows are locked until they are gone: no second search by key."""

_IN_NO_FILE = """
AND NOT (state = 'discarded' AND key IN (
    SELECT job_letters.key FROM jobs JOIN job_letters ON job_id = jobs.id
    WHERE kind = 'discard' AND (fetched_at IS NULL OR fetched_at > now() - :retention)
    AND job_letters.state = 'done'
))
"""
"""What a discard took stays until its file was fetched, and so does the job: for as long again,
since a browser may have lost what was sent to it."""

_FETCHED_OR_NOTHING = "AND (kind <> 'discard' OR fetched_at < now() - :retention OR done = 0)"

_DELETES = tuple(
    text(_DELETE.format(table=table, age=age, unless=unless)).bindparams(
        bindparam("retention", type_=Interval)
    )
    for table, age, unless in (
        ("processed_messages", "processed_at", ""),
        ("delivery_trials", "last_trial_at", ""),
        ("dead_letters", "settled_at", _IN_NO_FILE),
        ("jobs", "ended_at", _FETCHED_OR_NOTHING),
        ("workers", "seen_at", ""),
    )
)

_log = structlog.get_logger(__name__)


class Pruner:
    """Deletes rows older than `retention`."""

    def __init__(
        self,
        sessions: Sessions,
        retention: timedelta,
        durations: Durations,
        *,
        batch_rows: int = BATCH_ROWS,
    ) -> None:
        self._sessions = sessions
        self._retention = retention
        self._durations = durations
        self._batch_rows = batch_rows

    async def run(self) -> None:
        """Prunes round after round; a database that is away only delays the next one."""
        while True:
            spread = random.uniform(0.5, 1.5)  # noqa: S311 - no secret
            await asyncio.sleep(self._durations.prune_every * spread)
            try:
                await self.prune()
            except DATABASE_ERRORS as trouble:
                _log.warning("pruning failed", reason=str(translate(trouble)))

    async def prune(self) -> int:
        """Deletes batch after batch until nothing old is left; returns how many rows.

        It rests after each batch for as long as that took: a long backlog is worked off
        beside the flow of messages, and no slower than messages come.
        """
        total, began = 0, time.monotonic()
        while deleted := await self.prune_batch():
            total += deleted
            await asyncio.sleep(time.monotonic() - began)
            began = time.monotonic()
        if total:
            _log.info("pruned", rows=total)
        return total

    async def prune_batch(self) -> int:
        """Deletes at most a batch from each table; none while another worker prunes."""
        async with self._sessions.begin() as session:
            if not (await session.execute(_TRY_LOCK)).scalar_one():
                return 0
            parameters = {"retention": self._retention, "rows": self._batch_rows}
            deleted = [(await session.execute(sql, parameters)).all() for sql in _DELETES]
        return sum(len(rows) for rows in deleted)
