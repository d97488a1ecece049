"""A message that a person has changed, sent in the place of a dead letter."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from worker.dead_letters import importing
from worker.dead_letters.change_report import ChangeReport
from worker.dead_letters.progress import Unwatched
from worker.dead_letters.session import DeadLetterSession
from worker.infra.clocks import utc_now
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter
from worker.infra.messaging.dead_letters.dead_letter_file import DeadLetterFile
from worker.infra.messaging.dead_letters.dead_letter_line import to_line
from worker.infra.messaging.dead_letters.editing import Edit
from worker.infra.messaging.dead_letters.import_plan import ImportPlan, plan_import
from worker.infra.messaging.events.decoding import Decoder


@contextmanager
def open_edit(letter: DeadLetter, edit: Edit) -> Iterator[ImportPlan]:
    """The edit as an import of one line, without `edits` if nothing is changed.

    Raises:
        InvalidLineError: the edit breaks the contract.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "edit"
        file.write_text(f"{to_line(letter, edit)}\n", "utf-8")
        with closing(DeadLetterFile(file)) as lines:
            yield plan_import(lines, Decoder(utc_now))


async def send_edit(session: DeadLetterSession, plan: ImportPlan, handle: str) -> ChangeReport:
    """Sends it; the dead letter is replaced.

    Raises:
        AppliedMeanwhileError: it comes too late; nothing was changed.
    """
    order = importing.Order("edit", "replaced", {"ids": [handle]})
    return await importing.send_plan(session, plan, order, Unwatched(), asyncio.Event())
