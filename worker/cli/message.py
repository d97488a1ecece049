"""`message`: where is my event, the first question of every upstream team."""

import asyncio
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from worker.application.outcomes import Outcome
from worker.cli.dlq.dead_letters import dead_letters
from worker.cli.failures import FAILED
from worker.cli.output import AS_JSON, print_json, print_table
from worker.infra.messaging.names import MAIN_QUEUE

if TYPE_CHECKING:
    from worker.dead_letters.whereabouts import QueuedLetter, Whereabouts
    from worker.infra.db.repositories.recorded_messages import RecordedMessage


class Row(NamedTuple):
    """One thing that is known."""

    state: str
    source: str
    at: datetime | None
    detail: str


def message(
    message_id: Annotated[str, typer.Argument(metavar="ID", help="The id of the message.")],
    *,
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Say where an event is: recorded, waiting for a retry, or dead, and why."""
    found = asyncio.run(dead_letters().where_is(message_id))
    rows = list(_rows(found))
    if as_json:
        print_json(_document(message_id, found))
    elif rows:
        print_table(f"message {message_id}", Row._fields, rows, first=("state", "at"))
        if found.has_more_dead:
            typer.echo("more dead letters have this id: see `dlq list --letters --id`", err=True)
    else:
        from worker.settings import read_settings

        days = read_settings().worker_retention_days
        typer.echo(
            f"message {message_id} is not recorded, waits for no retry and is not dead: it is in "
            f"queue {MAIN_QUEUE} or in a worker's hands, was handled more than {days} days "
            "ago, or never came here",
            err=True,
        )
    if not rows:
        raise typer.Exit(FAILED)


def _rows(found: "Whereabouts") -> Iterator[Row]:
    for record in found.recorded:
        what = f"{record.type} of car {record.car_id}"
        yield Row(_outcome(record), record.source, record.processed_at, what)
    for queued in found.queued:
        letter = queued.letter
        state = _state(queued)
        why = f"{letter.code}: {letter.detail}"
        attempts = f"attempts {letter.history.attempts}, replays {letter.history.replays}"
        yield Row(state, letter.source, letter.died_at, f"{why} ({attempts})")
    for entry in found.audits:
        detail = f"{entry.command} {entry.id} by {entry.started_by}, {entry.status}"
        yield Row("dealt with", "", entry.started_at, detail)


def _outcome(record: "RecordedMessage") -> str:
    if record.outcome != Outcome.EARLY:
        return f"recorded: {record.told_outcome}"
    if not record.waits:
        return "early: a newer message about the same took its place"
    since = f"{record.processed_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"
    return f"early: waits for the creation of car {record.car_id} since {since}"


def _state(queued: "QueuedLetter") -> str:
    if not queued.is_dead:
        return f"waiting in {queued.queue}"
    return "dead, vanished from the queue" if queued.is_vanished else "dead"


def _document(message_id: str, found: "Whereabouts") -> dict[str, Any]:
    return {
        "id": message_id,
        "recorded": [asdict(record) for record in found.recorded],
        "waiting": [_queued(queued) for queued in found.queued if not queued.is_dead],
        "dead": [_queued(queued) for queued in found.queued if queued.is_dead],
        "has_more_dead": found.has_more_dead,
        "audits": [asdict(entry) for entry in found.audits],
    }


def _queued(queued: "QueuedLetter") -> dict[str, Any]:
    from worker.infra.messaging.dead_letters.dead_letter_line import history_of

    letter = queued.letter
    named = {"queue": queued.queue, "source": letter.source, "type": letter.type}
    return named | history_of(letter)
