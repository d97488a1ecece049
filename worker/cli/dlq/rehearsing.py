"""`dlq replay --dry-run`: what would become of the chosen messages if they were replayed now."""

from collections.abc import Iterable
from typing import Any

import typer

from worker.application.apply_batch import ApplyBatch
from worker.application.commands import CommandMessage
from worker.application.outcomes import Failure, Outcome, Result
from worker.application.use_cases.rehearse import Rehearsal
from worker.cli.dlq.desk import Desk, open_desk
from worker.cli.output import print_json, print_table
from worker.composition import utc_now
from worker.infra.db.snapshot import open_snapshot
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter
from worker.infra.messaging.dead_letters.frozen_selection import freeze, is_creation
from worker.infra.messaging.dead_letters.replayed import replayed
from worker.infra.messaging.dead_letters.selection import Selection
from worker.infra.messaging.events.decoding import Decoder

Named = tuple[str, CommandMessage | Failure]
"""The handle of a dead letter, and what today's decoder makes of it."""


async def rehearse(choice: Selection, *, as_json: bool) -> None:
    """Prints it; decides with today's code on a snapshot of which nothing is kept."""
    async with open_desk("replay --dry-run") as desk:
        chosen = await _decode(desk, choice)
        async with open_snapshot(desk.sessions) as snapshot:
            results = await Rehearsal(ApplyBatch(lambda: snapshot))([c for _, c in chosen])
    verdicts = _summarize(zip((handle for handle, _ in chosen), results, strict=True))
    if as_json:
        print_json({"chosen": len(chosen), "verdicts": verdicts})
        return
    columns = ("outcome", "code", "#messages", "sample id", "sample detail")
    rows = [tuple(verdict.values()) for verdict in verdicts]
    print_table(f"{len(chosen)} dead letters, if they were replayed now", columns, rows)
    typer.echo("nothing was changed")


async def _decode(desk: Desk, choice: Selection) -> list[Named]:
    """In the order in which they would be sent; no body is kept."""
    creations: list[Named] = []
    others: list[Named] = []
    decoder = Decoder(utc_now)

    def decode(letter: DeadLetter) -> None:
        content = decoder.try_decode(replayed(letter))
        (creations if is_creation(letter) else others).append((letter.handle, content))

    await freeze(desk.look, choice, decode)
    return creations + others


def _summarize(results: Iterable[tuple[str, Result]]) -> list[dict[str, Any]]:
    verdicts: dict[tuple[str, str | None], dict[str, Any]] = {}
    for handle, result in results:
        outcome, code, detail = _describe(result)
        verdict = verdicts.setdefault(
            (outcome, code),
            {
                "outcome": outcome,
                "code": code,
                "messages": 0,
                "sample_id": handle,
                "sample_detail": detail,
            },
        )
        verdict["messages"] += 1
    return sorted(verdicts.values(), key=lambda verdict: -verdict["messages"])


def _describe(result: Result) -> tuple[str, str | None, str]:
    match result:
        case Failure():
            return "would fail again", str(result.code), result.detail
        case Outcome.APPLIED:
            return "would apply", None, ""
        case Outcome():
            return str(result), None, ""
