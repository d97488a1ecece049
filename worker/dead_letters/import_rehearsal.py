"""What would become of the messages of a file if it were imported now."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from worker.dead_letters.frozen_selection import is_creation
from worker.dead_letters.importing import refuse_what_was_applied
from worker.dead_letters.rehearsal import Named, RehearsalReport, decide
from worker.dead_letters.session import DeadLetterSession
from worker.infra.clocks import utc_now
from worker.infra.db.repositories.dead_letters import PostgresDeadLetters, SelectedDeadLetter
from worker.infra.messaging.dead_letters.import_plan import ImportPlan
from worker.infra.messaging.events.decoding import Decoder


@dataclass(frozen=True, slots=True)
class ImportRehearsal:
    """The verdicts; `edited` and `not_in_queue` count as they do in the report of an import."""

    report: RehearsalReport
    edited: int
    not_in_queue: int


async def rehearse_import(session: DeadLetterSession, plan: ImportPlan) -> ImportRehearsal:
    """Decides with today's code, in the order of the import.

    Raises:
        AppliedMeanwhileError: an edit comes too late.
    """
    await refuse_what_was_applied(session, plan)
    there = await PostgresDeadLetters(session.sessions).select_contents(plan.positions)
    present = {letter.content_key for letter in there}
    absent = [key for key in plan.positions if key not in present]
    named = [*_decode(plan, list(_keys_of(there))), *_decode(plan, absent)]
    return ImportRehearsal(await decide(session, named), len(plan.edits), len(absent))


def _keys_of(letters: Sequence[SelectedDeadLetter]) -> Iterator[bytes]:
    """One for each copy that would be sent, creations first."""
    for letter in sorted(letters, key=lambda letter: not is_creation(letter.type)):
        yield from [letter.content_key] * letter.messages


def _decode(plan: ImportPlan, keys: Sequence[bytes]) -> Iterator[Named]:
    decoder = Decoder(utc_now)
    for key in keys:
        outgoing = plan.prepare(plan.file.read(plan.positions[key]).letter)
        yield outgoing.letter.handle, decoder.try_decode(outgoing.message)
