import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Annotated, Any

import typer

from worker.cli.dlq.desk import Desk, open_desk
from worker.cli.output import AS_JSON, print_json, print_table
from worker.domain.ports.dead_letter_audit import AuditedMessage
from worker.infra.db.advisory_locks import AdvisoryLock
from worker.infra.db.repositories.dead_letter_audit import KILLED, RUNNING
from worker.infra.db.repositories.dead_letter_audit_log import (
    AuditEntry,
    PostgresDeadLetterAuditLog,
)
from worker.infra.db.session_locks import find_holder
from worker.infra.messaging.dead_letters.errors import DeadLettersError

SHOWN_IDS = 3


def audit(
    audit_id: Annotated[
        int | None, typer.Argument(metavar="[ID]", help="Show the messages of this one.")
    ] = None,
    *,
    limit: Annotated[int, typer.Option(min=1, help="The newest ones, at most so many.")] = 20,
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Show who replayed, discarded and imported what, and when."""
    if audit_id is None:
        _print_entries(asyncio.run(_newest(limit)), as_json=as_json)
    else:
        entry, messages = asyncio.run(_one(audit_id))
        _print_messages(entry, messages, as_json=as_json)


async def _newest(limit: int) -> list[AuditEntry]:
    async with open_desk("audit") as desk:
        entries = await PostgresDeadLetterAuditLog(desk.sessions).newest(limit)
        return await _with_killed(desk, entries)


async def _one(audit_id: int) -> tuple[AuditEntry, Sequence[AuditedMessage]]:
    async with open_desk("audit") as desk:
        log = PostgresDeadLetterAuditLog(desk.sessions)
        entry = await log.get(audit_id)
        if entry is None:
            raise DeadLettersError(f"no command has the audit id {audit_id}")
        [entry] = await _with_killed(desk, [entry])
        return entry, await log.messages(audit_id)


async def _with_killed(desk: Desk, entries: Sequence[AuditEntry]) -> list[AuditEntry]:
    """A command that was killed could not say so: it runs no longer if nobody has its lock."""
    runs = await find_holder(desk.connection, AdvisoryLock.CHANGING_DEAD_LETTERS)
    return [
        replace(entry, status=KILLED) if entry.status == RUNNING and not runs else entry
        for entry in entries
    ]


def _print_entries(entries: Sequence[AuditEntry], *, as_json: bool) -> None:
    if as_json:
        print_json([asdict(entry) for entry in entries])
        return
    columns = ("#id", "command", "by", "started", "finished", "choice", "#chosen", "#done")
    rows = [
        (
            *(e.id, e.command, e.started_by, e.started_at, e.finished_at, _choice(e)),
            *(e.chosen, e.done, e.status, e.detail, _ids(e)),
        )
        for e in entries
    ]
    print_table("what was done to dead letters", (*columns, "status", "detail", "ids"), rows)


def _print_messages(
    entry: AuditEntry, messages: Sequence[AuditedMessage], *, as_json: bool
) -> None:
    if as_json:
        print_json({**asdict(entry), "messages": [asdict(message) for message in messages]})
        return
    _print_entries([entry], as_json=False)
    rows = [(m.message_id, m.source, m.code, m.sent_as) for m in messages]
    print_table(f"{len(rows)} messages", ("message id", "source", "code", "sent as"), rows)


def _choice(entry: AuditEntry) -> str:
    told: dict[str, Any] = entry.choice
    return " ".join(f"{name}={_text(value)}" for name, value in told.items())


def _ids(entry: AuditEntry) -> str:
    more = entry.done - SHOWN_IDS
    shown = ", ".join(entry.first_ids[:SHOWN_IDS])
    return f"{shown} and {more} more: audit {entry.id}" if more > 0 else shown


def _text(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else json.dumps(value)
