"""`message`: where is my event, the first question of every upstream team."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Any, NamedTuple

import typer

from worker.cli.dlq.desk import Desk, open_desk
from worker.cli.failures import FAILED
from worker.cli.output import AS_JSON, print_json, print_table
from worker.infra.db.repositories.dead_letter_audit_log import (
    AuditEntry,
    PostgresDeadLetterAuditLog,
)
from worker.infra.db.repositories.recorded_messages import (
    PostgresRecordedMessages,
    RecordedMessage,
)
from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter, read_dead_letter
from worker.infra.messaging.dead_letters.dead_letter_line import history_of
from worker.infra.messaging.dead_letters.errors import QueueMissingError
from worker.infra.messaging.names import DEAD_LETTER_QUEUE, MAIN_QUEUE
from worker.infra.messaging.topology import queue_specs


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """All that is known of the messages of one id, whoever sent them; letters with their queue."""

    recorded: Sequence[RecordedMessage]
    letters: Sequence[tuple[str, DeadLetter]]
    audits: Sequence[AuditEntry]


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
    found, retention_days = asyncio.run(_find(message_id))
    rows = list(_rows(found))
    if as_json:
        print_json(_document(message_id, found))
    elif rows:
        print_table(f"message {message_id}", Row._fields, rows)
    else:
        typer.echo(
            f"message {message_id} is not recorded, waits for no retry and is not dead: it is in "
            f"queue {MAIN_QUEUE} or in a worker's hands, was handled more than {retention_days} "
            "days ago, or never came here",
            err=True,
        )
    if not rows:
        raise typer.Exit(FAILED)


async def _find(message_id: str) -> tuple[Whereabouts, int]:
    async with open_desk("message") as desk:
        recorded = await PostgresRecordedMessages(desk.sessions).find_by_id(message_id)
        audits = await PostgresDeadLetterAuditLog(desk.sessions).about(message_id)
        letters = await _look_for(desk, message_id)
        return Whereabouts(recorded, letters, audits), desk.settings.worker_retention_days


async def _look_for(desk: Desk, message_id: str) -> list[tuple[str, DeadLetter]]:
    """In the dead letters and the retry queues: looking into the main queue would cost workers.

    A message that was delivered three times is suspected of killing workers.
    """
    letters: list[tuple[str, DeadLetter]] = []
    for spec in queue_specs(desk.settings.worker_retry_delays):

        def look(message: Message, queue: str = spec.name) -> None:
            letter = read_dead_letter(message)
            if letter.handle == message_id:
                letters.append((queue, letter))

        if spec.name != MAIN_QUEUE:
            with suppress(QueueMissingError):
                await desk.look(look, spec)
    return letters


def _rows(found: Whereabouts) -> Iterator[Row]:
    for record in found.recorded:
        what = f"{record.type} of car {record.car_id}"
        yield Row(f"recorded: {record.outcome}", record.source, record.processed_at, what)
    for queue, letter in found.letters:
        state = "dead" if queue == DEAD_LETTER_QUEUE else f"waiting in {queue}"
        why = f"{letter.code}: {letter.detail}"
        attempts = f"attempts {letter.history.attempts}, replays {letter.history.replays}"
        yield Row(state, letter.source, letter.died_at, f"{why} ({attempts})")
    for entry in found.audits:
        detail = f"{entry.command} {entry.id} by {entry.started_by}, {entry.status}"
        yield Row("dealt with", "", entry.started_at, detail)


def _document(message_id: str, found: Whereabouts) -> dict[str, Any]:
    letters = [
        {"queue": queue, "source": letter.source, "type": letter.type, **history_of(letter)}
        for queue, letter in found.letters
    ]
    return {
        "id": message_id,
        "recorded": [asdict(record) for record in found.recorded],
        "waiting": [letter for letter in letters if letter["queue"] != DEAD_LETTER_QUEUE],
        "dead": [letter for letter in letters if letter["queue"] == DEAD_LETTER_QUEUE],
        "audits": [asdict(entry) for entry in found.audits],
    }
