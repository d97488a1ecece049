"""What would become of the selected messages if they were replayed now."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from worker.application.apply_batch import ApplyBatch
from worker.application.commands import CommandMessage
from worker.application.outcomes import Failure, Outcome, Result
from worker.application.rehearse import Rehearsal
from worker.dead_letters.frozen_selection import is_creation, require_all
from worker.dead_letters.session import DeadLetterSession
from worker.domain.value_objects.dead_letter_selection import Selection
from worker.infra.clocks import utc_now
from worker.infra.db.repositories.dead_letters import PostgresDeadLetters
from worker.infra.db.snapshot import open_snapshot
from worker.infra.messaging.dead_letters.records import to_letter
from worker.infra.messaging.dead_letters.replayed import replayed
from worker.infra.messaging.events.decoding import Decoder

Named = tuple[str, CommandMessage | Failure]
"""The handle of a dead letter, and what today's decoder makes of it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The messages with one outcome; `code` is that of the failure, None without one."""

    outcome: str
    code: str | None
    messages: int
    sample_id: str
    sample_detail: str


@dataclass(frozen=True, slots=True)
class RehearsalReport:
    """The verdicts on the selected dead letters, the most frequent first."""

    selected: int
    verdicts: Sequence[Verdict]


async def rehearse(session: DeadLetterSession, selection: Selection) -> RehearsalReport:
    """Decides with today's code."""
    return await decide(session, await _decode(session, selection))


async def decide(session: DeadLetterSession, named: Sequence[Named]) -> RehearsalReport:
    """Decides on a snapshot of which nothing is kept."""
    async with open_snapshot(session.sessions) as snapshot:
        results = await Rehearsal(ApplyBatch(lambda: snapshot))([content for _, content in named])
    handles = (handle for handle, _ in named)
    return RehearsalReport(len(named), summarize(zip(handles, results, strict=True)))


async def _decode(session: DeadLetterSession, selection: Selection) -> list[Named]:
    """In the order in which they would be sent; no body is kept."""
    creations: list[Named] = []
    others: list[Named] = []
    decoder, letters = Decoder(utc_now), PostgresDeadLetters(session.sessions)
    await require_all(session, selection, await letters.select(selection))
    async for stored in letters.stream(selection):
        letter = to_letter(stored.record)
        named = letter.handle, decoder.try_decode(replayed(letter))
        (creations if is_creation(letter.type) else others).extend([named] * stored.record.copies)
    return creations + others


def summarize(results: Iterable[tuple[str, Result]]) -> list[Verdict]:
    """Counts results, given with the handles of their dead letters."""
    verdicts: dict[tuple[str, str | None], Verdict] = {}
    for handle, result in results:
        outcome, code, detail = _describe(result)
        verdict = verdicts.get((outcome, code)) or Verdict(outcome, code, 0, handle, detail)
        verdicts[outcome, code] = replace(verdict, messages=verdict.messages + 1)
    return sorted(verdicts.values(), key=lambda verdict: -verdict.messages)


def _describe(result: Result) -> tuple[str, str | None, str]:
    match result:
        case Failure():
            return "would fail again", str(result.code), result.detail
        case Outcome.APPLIED:
            return "would apply", None, ""
        case Outcome():
            return str(result), None, ""
