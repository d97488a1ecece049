"""All that an operator can do with dead letters: what the command line and other fronts call."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from worker.dead_letters import (
    audit,
    details,
    edits,
    exporting,
    freezing,
    importing,
    listing,
    looking,
    notes,
    overview,
    whereabouts,
)
from worker.dead_letters.change_report import ChangeReport
from worker.dead_letters.discard import DiscardRehearsal, rehearse_discard
from worker.dead_letters.errors import ChangeFailedError
from worker.dead_letters.import_rehearsal import ImportRehearsal, rehearse_import
from worker.dead_letters.jobs import creating, reading
from worker.dead_letters.jobs.cancelling import cancel_job
from worker.dead_letters.jobs.following import Following
from worker.dead_letters.jobs.running import run_job
from worker.dead_letters.progress import Progress
from worker.dead_letters.rehearsal import RehearsalReport, rehearse
from worker.dead_letters.replay_options import ReplayOptions
from worker.dead_letters.session import DeadLetterSession, open_session
from worker.domain.value_objects.dead_letter_selection import Selection
from worker.domain.value_objects.group_note import GroupNote
from worker.infra.db.repositories.dead_letter_audit_log import AuditEntry
from worker.infra.db.repositories.dead_letter_groups import DeadLetterGroup
from worker.infra.db.repositories.dead_letter_notes import Group
from worker.infra.db.repositories.dead_letter_pages import (
    DeadLetterPage,
    PagePosition,
    read_page,
)
from worker.infra.db.repositories.dead_letter_summaries import DeadLetterSummary
from worker.infra.db.repositories.jobs import Job, PostgresJobs
from worker.infra.durations import DEFAULT_DURATIONS, Durations
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter
from worker.infra.messaging.dead_letters.dead_letter_file import (
    new_file,
    refuse_file,
)
from worker.infra.messaging.dead_letters.editing import Edit
from worker.settings import Settings


class DeadLetters:
    """The dead letters of one worker.

    Each call opens a session of its own. `by` is who gives the commands, None for the user of this
    process; `on_wait` is called when a call has to wait because another command browses.

    All calls raise DeadLettersError, or what `worker.errors` explains, with a message for a person.
    Those that change something (replay, discard, import) run one at a time, are audited, and raise
    ClaimedError while another one runs and ChangeFailedError when they break off. They end early,
    between two messages, once `stop` is set.

    Replays and discards are jobs: `start_replay` and `start_discard` create one, which runs in any
    process that hosts jobs, and `follow` follows it. `replay` and `discard` do both.
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

    async def overview(self) -> overview.Overview:
        """What waits for an operator, and how it came and went."""
        async with self._open("overview") as session:
            return await overview.read_overview(session)

    async def page(self, selection: Selection, position: PagePosition, size: int) -> DeadLetterPage:
        """A page of the selected ones, newest first."""
        async with self._open("list") as session:
            return await read_page(session.sessions, selection, position, size)

    async def open(self, handle: str) -> looking.OpenedLetter:
        """Everything about one, of which it is recorded that somebody looked."""
        async with self._open("look") as session:
            return await looking.open_letter(session, handle)

    async def all_notes(self) -> Mapping[Group, GroupNote]:
        """What was noted of groups, by error code and type."""
        async with self._open("list") as session:
            return await notes.read_notes(session)

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

    async def show_replay(self, selection: Selection) -> freezing.ReplayShown:
        """The selected ones of now, and what would become of them if they were replayed."""
        async with self._open("replay --dry-run") as session:
            return await freezing.show_replay(session, selection)

    async def show_discard(self, selection: Selection) -> freezing.DiscardShown:
        """The selected ones of now, by error code and type."""
        async with self._open("discard --dry-run") as session:
            return await freezing.show_discard(session, selection)

    async def start_replay(self, selection: Selection, options: ReplayOptions) -> int:
        """Creates the job that sends the selected ones back to the main queue; returns its id."""
        async with self._open("replay") as session:
            return await creating.create_replay(session, selection, options)

    async def start_discard(self, selection: Selection, to: Path | None = None) -> int:
        """Creates the job that takes the selected ones out of the queue; returns its id.

        `to` is the new file that `keep_discarded` will make, for the audit.

        Raises:
            FileExistsError: there is such a file already; nothing was changed.
        """
        if to is not None:
            refuse_file(to)
        async with self._open("discard") as session:
            return await creating.create_discard(session, selection, to)

    async def follow(
        self,
        job_id: int,
        progress: Progress,
        stop: asyncio.Event,
        leave: asyncio.Event | None = None,
    ) -> ChangeReport | None:
        """Returns when a job has ended, or once `leave` is set; runs it if nobody else does.

        None if it has not ended: it goes on where a worker runs, or with the next one to follow it.
        """
        leave = leave or asyncio.Event()
        async with self._open("jobs") as session:
            return await Following(session, self._run_job).follow(job_id, progress, stop, leave)

    async def cancel(self, job_id: int) -> None:
        """Asks for the end of a job, between two messages: `follow` or `job` tells when it is.

        Raises:
            JobNotFoundError: there is no such job.
            JobEndedError: it has ended already.
        """
        async with self._open("cancel") as session:
            await cancel_job(session, job_id)

    async def jobs(self, limit: int) -> Sequence[Job]:
        """The newest replays and discards, newest first."""
        async with self._open("jobs") as session:
            return await PostgresJobs(session.sessions).newest(limit)

    async def job(self, job_id: int) -> reading.JobDetails:
        """How far one is, and which of its letters failed."""
        async with self._open("jobs") as session:
            return await reading.read_job(session, job_id)

    async def fetch_discarded(self, job_id: int, write: Callable[[str], object]) -> int:
        """Passes what an ended discard took to `write`, some lines at a time; returns how many.

        Until then their rows are not pruned.
        """
        async with self._open("jobs") as session:
            return await reading.pass_on_discarded(session, job_id, write)

    async def record_fetch(self, job_id: int) -> None:
        """Records that somebody gets the file of a discard."""
        async with self._open("jobs") as session:
            await looking.record_fetch(session, job_id)

    async def keep_discarded(self, job_id: int, to: Path) -> int:
        """The same, to a new file, which is not left where that fails."""
        with new_file(to) as write:
            return await self.fetch_discarded(job_id, write)

    async def replay(
        self,
        selection: Selection,
        options: ReplayOptions,
        progress: Progress,
        stop: asyncio.Event,
    ) -> ChangeReport:
        """Sends the selected ones back to the main queue."""
        report = await self.follow(await self.start_replay(selection, options), progress, stop)
        assert report is not None
        return report

    async def discard(
        self, selection: Selection, to: Path, progress: Progress, stop: asyncio.Event
    ) -> ChangeReport:
        """Moves the selected ones from the queue to a new file."""
        job_id = await self.start_discard(selection, to)
        try:
            report = await self.follow(job_id, progress, stop)
        except ChangeFailedError:
            await self.keep_discarded(job_id, to)
            raise
        await self.keep_discarded(job_id, to)
        assert report is not None
        return report

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

    async def rehearse_edit(self, letter: DeadLetter, edit: Edit) -> ImportRehearsal | None:
        """What would become of an edited letter; None if nothing is changed.

        Raises:
            InvalidLineError: the edit breaks the contract.
        """
        with edits.open_edit(letter, edit) as plan:
            async with self._open("edit --dry-run") as session:
                return await rehearse_import(session, plan) if plan.edits else None

    async def send_edit(self, letter: DeadLetter, edit: Edit) -> ChangeReport:
        """Sends an edited letter in the place of the dead letter."""
        with edits.open_edit(letter, edit) as plan:
            async with self._open("edit") as session:
                return await edits.send_edit(session, plan, letter.handle)

    async def audits(
        self, limit: int, *, before: int | None = None, looks: bool = True
    ) -> Sequence[AuditEntry]:
        """The newest changes, newest first: those before an id, and who looked only if wanted."""
        async with self._open("audit") as session:
            return await audit.read_newest(session, limit, before=before, looks=looks)

    async def audit(self, audit_id: int) -> audit.AuditedChange:
        """One change with its messages."""
        async with self._open("audit") as session:
            return await audit.read_change(session, audit_id)

    async def where_is(self, message_id: str) -> whereabouts.Whereabouts:
        """All that is known of the messages of one id."""
        async with self._open("message") as session:
            return await whereabouts.find_message(session, message_id)

    async def _run_job(self, job: Job, leave: asyncio.Event) -> bool:
        return await run_job(self._settings, job, self._durations, leave)

    def _open(self, command: str) -> AbstractAsyncContextManager[DeadLetterSession]:
        return open_session(
            self._settings, command, by=self._by, durations=self._durations, on_wait=self._on_wait
        )
