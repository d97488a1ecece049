from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from worker.dead_letters.frozen_selection import as_document, refuse_nothing, require_all
from worker.dead_letters.replay_options import ReplayOptions
from worker.dead_letters.session import DeadLetterSession
from worker.domain.value_objects.dead_letter_selection import Selection
from worker.domain.value_objects.job import JobKind
from worker.infra.db.repositories.dead_letters import PostgresDeadLetters
from worker.infra.db.repositories.jobs import create_job
from worker.infra.messaging.events.wire_events import CREATION_TYPE
from worker.infra.printable import printable


async def create_replay(
    session: DeadLetterSession, selection: Selection, options: ReplayOptions
) -> int:
    """Freezes the choice; returns the id of the job."""
    choice = as_document(selection)
    return await _create(session, JobKind.REPLAY, selection, choice, asdict(options))


async def create_discard(
    session: DeadLetterSession, selection: Selection, to: Path | None = None
) -> int:
    """The same; `to` is the file that will keep the letters, for the audit."""
    choice = as_document(selection) | ({} if to is None else {"to": printable(str(to))})
    return await _create(session, JobKind.DISCARD, selection, choice, {})


async def _create(
    session: DeadLetterSession,
    kind: JobKind,
    selection: Selection,
    choice: Mapping[str, Any],
    options: Mapping[str, Any],
) -> int:
    await session.claim()
    await session.sweep()
    if selection.ids:
        letters = await PostgresDeadLetters(session.sessions).select(selection)
        await require_all(session, selection, letters)
    job_id = await create_job(
        *(session.connection, kind, selection, CREATION_TYPE),
        choice=choice,
        options=options,
        started_by=session.by,
    )
    return await refuse_nothing(session, selection) if job_id is None else job_id
