"""Tells the database what this worker does, and asks whether operators paused it."""

import asyncio
from collections.abc import Callable

from worker.infra.db.engine import Sessions
from worker.infra.db.errors import DATABASE_ERRORS, translate
from worker.infra.db.repositories.pauses import look_at_pauses
from worker.infra.db.repositories.workers import WorkerIdentity, beat, forget
from worker.infra.fleet import Pause, WorkerReport


class Heartbeat:
    """The row of one worker, renewed with each question."""

    def __init__(
        self, sessions: Sessions, worker: WorkerIdentity, report: Callable[[], WorkerReport]
    ) -> None:
        self._sessions = sessions
        self._worker = worker
        self._report = report

    async def ask(self) -> Pause | None:
        """The pause in force that lasts longest.

        Raises:
            StoreUnavailableError: the database does not answer, or lacks what this needs.
        """
        try:
            async with self._sessions.begin() as session:
                await beat(session, self._worker, self._report())
                return await look_at_pauses(session)
        except DATABASE_ERRORS as trouble:
            raise translate(trouble) from trouble

    async def end(self, seconds: float) -> None:
        """Forgets this worker; if that fails, it is shown as silent, and pruned later."""
        try:
            async with asyncio.timeout(seconds), self._sessions.begin() as session:
                await forget(session, self._worker)
        except DATABASE_ERRORS:
            return
