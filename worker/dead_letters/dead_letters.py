"""All that an operator can do with dead letters: what the command line and other fronts call."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from worker.dead_letters import (
    audit,
    details,
    exporting,
    importing,
    listing,
    notes,
    whereabouts,
)
from worker.dead_letters.change_report import ChangeReport
from worker.dead_letters.discard import DiscardRehearsal, discard, rehearse_discard
from worker.dead_letters.import_rehearsal import ImportRehearsal, rehearse_import
from worker.dead_letters.progress import Progress
from worker.dead_letters.rehearsal import RehearsalReport, rehearse
from worker.dead_letters.replay import replay
from worker.dead_letters.replay_options import ReplayOptions
from worker.dead_letters.session import DeadLetterSession, open_session
from worker.domain.value_objects.dead_letter_selection import Selection
from worker.infra.db.repositories.dead_letter_audit_log import AuditEntry
from worker.infra.db.repositories.dead_letter_groups import DeadLetterGroup
from worker.infra.db.repositories.dead_letter_notes import Group
from worker.infra.db.repositories.dead_letter_summaries import DeadLetterSummary
from worker.infra.durations import DEFAULT_DURATIONS, Durations
from worker.settings import Settings


class DeadLetters:
    """The dead letters of one worker.

    Each call opens a session of its own. `by` is who gives the commands, None for the user of this
    process; `on_wait` is called when a call has to wait because another command browses.

    All calls raise DeadLettersError, or what `worker.errors` explains, with a message for a person.
    Those that change something (replay, discard, import) run one at a time, are audited, and raise
    ClaimedError while another one runs and ChangeFailedError when they break off. They end early,
    between two messages, once `stop` is set.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        by: str | None = None,
        on_wait: Callable[[], None] = lambda: None,
        durations: Durations = DEFAULT_DURATIONS,
    ) -> None:
        self._settings = settings
        self._by = by
        self._on_wait = on_wait
        self._durations = durations

    async def groups(self, selection: Selection) -> listing.Listing[DeadLetterGroup]:
        """The selected ones by error code and type, largest group first."""
        async with self._open("list") as session:
            return await listing.list_groups(session, selection)

    async def letters(self, selection: Selection) -> listing.Listing[DeadLetterSummary]:
        """The selected ones, each for itself, oldest first."""
        async with self._open("list") as session:
            return await listing.list_letters(session, selection)

    async def note(self, selection: Selection, change: notes.NoteChange) -> list[Group]:
        """Notes it of each selected group; returns these."""
        async with self._open("note") as session:
            return await notes.write_note(session, selection, change)

    async def clear_notes(self, selection: Selection) -> list[Group]:
        """Takes away what was noted of the selected groups; returns these."""
        async with self._open("note") as session:
            return await notes.clear_notes(session, selection)

    async def details(self, handle: str) -> list[details.Details]:
        """All copies of one, each with what is known of its id and its car."""
        async with self._open("show") as session:
            return await details.read_details(session, handle)

    async def export(self, selection: Selection, write: Callable[[str], object]) -> int:
        """Passes the selected ones to `write`, each as a line; returns how many."""
        async with self._open("export") as session:
            return await exporting.export(session, selection, write)

    async def rehearse(self, selection: Selection) -> RehearsalReport:
        """What would become of the selected ones if they were replayed now."""
        async with self._open("replay --dry-run") as session:
            return await rehearse(session, selection)

    async def replay(
        self,
        selection: Selection,
        options: ReplayOptions,
        progress: Progress,
        stop: asyncio.Event,
    ) -> ChangeReport:
        """Sends the selected ones back to the main queue."""
        async with self._open("replay") as session:
            return await replay(session, selection, options, progress, stop)

    async def discard(
        self, selection: Selection, to: Path, progress: Progress, stop: asyncio.Event
    ) -> ChangeReport:
        """Moves the selected ones from the queue to a new file."""
        async with self._open("discard") as session:
            return await discard(session, selection, to, progress, stop)

    async def rehearse_discard(self, selection: Selection) -> DiscardRehearsal:
        """What a discard of the selected ones would take."""
        async with self._open("discard --dry-run") as session:
            return await rehearse_discard(session, selection)

    async def rehearse_import(self, file: Path) -> ImportRehearsal:
        """What would become of the messages of an exported file."""
        with importing.open_plan(file) as plan:
            async with self._open("import --dry-run") as session:
                return await rehearse_import(session, plan)

    async def import_(self, file: Path, progress: Progress, stop: asyncio.Event) -> ChangeReport:
        """Sends the messages of an exported file, edited or not."""
        with importing.open_plan(file) as plan:
            async with self._open("import") as session:
                return await importing.import_plan(session, plan, file, progress, stop)

    async def audits(self, limit: int) -> Sequence[AuditEntry]:
        """The newest changes, newest first."""
        async with self._open("audit") as session:
            return await audit.read_newest(session, limit)

    async def audit(self, audit_id: int) -> audit.AuditedChange:
        """One change with its messages."""
        async with self._open("audit") as session:
            return await audit.read_change(session, audit_id)

    async def where_is(self, message_id: str) -> whereabouts.Whereabouts:
        """All that is known of the messages of one id."""
        async with self._open("message") as session:
            return await whereabouts.find_message(session, message_id)

    def _open(self, command: str) -> AbstractAsyncContextManager[DeadLetterSession]:
        return open_session(
            self._settings, command, by=self._by, durations=self._durations, on_wait=self._on_wait
        )
