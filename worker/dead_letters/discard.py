import asyncio
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from worker.dead_letters.change import open_change
from worker.dead_letters.change_report import ChangeReport
from worker.dead_letters.frozen_selection import as_document, freeze
from worker.dead_letters.progress import Progress
from worker.dead_letters.session import DeadLetterSession
from worker.dead_letters.taking import Taking
from worker.domain.value_objects.dead_letter_selection import Selection
from worker.infra.db.repositories.dead_letter_groups import DeadLetterGroup, group_dead_letters
from worker.infra.messaging.dead_letters.dead_letter_file import DeadLetterWriter
from worker.infra.messaging.dead_letters.discard import Discard
from worker.infra.messaging.dead_letters.rate_limit import RateLimit
from worker.infra.printable import printable


@dataclass(frozen=True, slots=True)
class DiscardRehearsal:
    """What a discard would take, by error code and type."""

    selected: int
    groups: Sequence[DeadLetterGroup]


async def rehearse_discard(session: DeadLetterSession, selection: Selection) -> DiscardRehearsal:
    """Reads rows alone.

    Raises:
        NothingSelectedError: none matches, or not each of the ids is there.
    """
    frozen = await freeze(session, selection)
    return DiscardRehearsal(len(frozen), await group_dead_letters(session.sessions, selection))


async def discard(
    session: DeadLetterSession,
    selection: Selection,
    to: Path,
    progress: Progress,
    stop: asyncio.Event,
) -> ChangeReport:
    """Moves the selected ones from the queue to a new file.

    Raises:
        FileExistsError: the file is there already; nothing was changed.
    """
    await session.claim()
    await session.sweep()
    frozen = await freeze(session, selection)
    asked = {**as_document(selection), "to": printable(str(to))}
    with closing(DeadLetterWriter(to)) as file:
        async with open_change(
            session, "discard", "discarded", asked, len(frozen), progress, stop
        ) as change:
            handle = Discard(file, change.audit, change.advance)
            taking = Taking(session, RateLimit(None), stop)
            await taking.run(frozen.keys, handle, frozen.vanished)
    return change.report()
