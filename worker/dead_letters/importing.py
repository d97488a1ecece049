import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from worker.dead_letters.change import Change, open_change
from worker.dead_letters.change_report import ChangeReport
from worker.dead_letters.errors import AppliedMeanwhileError
from worker.dead_letters.frozen_selection import FrozenSelection
from worker.dead_letters.progress import Progress
from worker.dead_letters.session import DeadLetterSession
from worker.dead_letters.taking import Taking, acknowledge_nothing
from worker.infra.clocks import utc_now
from worker.infra.db.repositories.dead_letter_audit import PostgresDeadLetterAudit
from worker.infra.db.repositories.dead_letters import PostgresDeadLetters
from worker.infra.db.repositories.recorded_messages import PostgresRecordedMessages
from worker.infra.messaging.dead_letters.dead_letter_file import DeadLetterFile, InvalidLineError
from worker.infra.messaging.dead_letters.import_plan import ImportPlan, plan_import
from worker.infra.messaging.dead_letters.rate_limit import LARGEST_BATCH, RateLimit
from worker.infra.messaging.dead_letters.resend import Outgoing, Resend
from worker.infra.messaging.events.decoding import Decoder
from worker.infra.printable import printable


@dataclass(frozen=True, slots=True)
class Order:
    """What the audit says of a plan; `verb` is what is done, as in "imported"."""

    command: str
    verb: str
    choice: Mapping[str, Any]


@contextmanager
def open_plan(file: Path) -> Iterator[ImportPlan]:
    """Reads and checks a whole file, and keeps it open for the import.

    Raises:
        InvalidLineError: it holds a line that cannot be imported; nothing was changed.
    """
    with closing(DeadLetterFile(file)) as letters:
        try:
            plan = plan_import(letters, Decoder(utc_now))
        except InvalidLineError as invalid:
            raise InvalidLineError(f"{file}: {invalid}; nothing was changed") from None
        yield plan


async def import_plan(
    session: DeadLetterSession,
    plan: ImportPlan,
    file: Path,
    progress: Progress,
    stop: asyncio.Event,
) -> ChangeReport:
    """Sends the messages of a file; each leaves the dead letters, if it is there.

    Raises:
        AppliedMeanwhileError: an edit comes too late; nothing was changed.
    """
    asked = {"file": printable(str(file)), "edited": len(plan.edits)}
    return await send_plan(session, plan, Order("import", "imported", asked), progress, stop)


async def send_plan(
    session: DeadLetterSession,
    plan: ImportPlan,
    order: Order,
    progress: Progress,
    stop: asyncio.Event,
) -> ChangeReport:
    """The same, whatever the audit calls it."""
    await session.claim()
    await refuse_what_was_applied(session, plan)
    await session.sweep()
    frozen, absent = await _find(session, plan)
    selected = len(frozen) + len(absent)
    audit = await PostgresDeadLetterAudit.begin(
        session.connection,
        command=order.command,
        started_by=session.by,
        process=session.process,
        choice=order.choice,
        chosen=selected,
    )
    async with open_change(order.verb, audit, selected, progress, stop) as change:
        change.edited, change.not_in_queue = len(plan.edits), len(absent)
        await _send(session, change, plan, frozen, absent)
    return change.report()


async def refuse_what_was_applied(session: DeadLetterSession, plan: ImportPlan) -> None:
    """Checks the edits.

    Raises:
        AppliedMeanwhileError: one comes too late.
    """
    ids = {id_ for edit in plan.edits.values() for id_ in (edit.replaces, edit.becomes)}
    refused = plan.refused(await PostgresRecordedMessages(session.sessions).find(ids))
    if refused is not None:
        raise AppliedMeanwhileError(refused.number, refused.replaces.message_id)


async def _find(
    session: DeadLetterSession, plan: ImportPlan
) -> tuple[FrozenSelection, list[bytes]]:
    """Those that are dead letters now, and the content keys of those that are not."""
    letters = PostgresDeadLetters(session.sessions)
    frozen, there = FrozenSelection(), set()
    for letter in await letters.select_contents(plan.positions):
        frozen.add(letter)
        there.add(letter.content_key)
    return frozen, [key for key in plan.positions if key not in there]


async def _send(
    session: DeadLetterSession,
    change: Change,
    plan: ImportPlan,
    frozen: FrozenSelection,
    absent: Sequence[bytes],
) -> None:
    def on_done(sent: Sequence[Outgoing]) -> None:
        change.advance(len(sent))

    async with session.open_publisher() as publisher:
        resend = Resend(publisher, change.audit, plan.prepare, on_done)
        taking = Taking(session, RateLimit(None), change.stop)
        await taking.run(frozen.keys, resend, frozen.vanished)
        for positions in _batches([plan.positions[key] for key in absent]):
            if not change.stop.is_set():
                letters = [plan.file.read(position).letter for position in positions]
                await resend(letters, acknowledge_nothing)


def _batches(positions: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(positions), LARGEST_BATCH):
        yield positions[start : start + LARGEST_BATCH]
