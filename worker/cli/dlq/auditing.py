import asyncio
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from worker.cli.dlq.dead_letters import dead_letters
from worker.cli.output import AS_JSON, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from worker.dead_letters.audit import AuditedChange
    from worker.infra.db.repositories.dead_letter_audit_log import AuditEntry

SHOWN_IDS = 3
SHOWN_CHOICES = 10


def audit(
    audit_id: Annotated[
        int | None, typer.Argument(metavar="[ID]", help="Show the messages of this one.")
    ] = None,
    *,
    limit: Annotated[int, typer.Option(min=1, help="The newest ones, at most so many.")] = 20,
    looks: Annotated[
        bool, typer.Option("--looks", help="Also who opened dead letters in the console.")
    ] = False,
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Show who replayed, discarded and imported what, and when."""
    if audit_id is None:
        _print_entries(asyncio.run(dead_letters().audits(limit, looks=looks)), as_json=as_json)
    else:
        _print_change(asyncio.run(dead_letters().audit(audit_id)), as_json=as_json)


def _print_entries(entries: "Sequence[AuditEntry]", *, as_json: bool) -> None:
    if as_json:
        print_json([asdict(entry) for entry in entries])
        return
    columns: tuple[str, ...] = ("#id", "command", "by", "started", "finished", "choice")
    columns = (*columns, "#chosen", "#done", "status", "detail", "ids")
    rows = [
        (
            *(
                e.id,
                e.command,
                e.started_by,
                e.started_at,
                e.finished_at,
                describe_choice(e.choice),
            ),
            *(e.chosen, e.done, e.status, e.detail, _ids(e)),
        )
        for e in entries
    ]
    first = ("id", "command", "by", "started", "status", "done", "chosen")
    print_table("what was done to dead letters", columns, rows, first=first)


def _print_change(change: "AuditedChange", *, as_json: bool) -> None:
    entry, messages = change.entry, change.messages
    if as_json:
        print_json({**asdict(entry), "messages": [asdict(message) for message in messages]})
        return
    _print_entries([entry], as_json=False)
    rows = [(m.message_id, m.source, m.code, m.sent_as) for m in messages]
    print_table(f"{len(rows)} messages", ("message id", "source", "code", "sent as"), rows)


def describe_choice(choice: "Mapping[str, Any]") -> str:
    """What was asked for, on one line."""
    return " ".join(f"{name}={_text(value)}" for name, value in choice.items())


def _ids(entry: "AuditEntry") -> str:
    more = entry.done - SHOWN_IDS
    shown = ", ".join(entry.first_ids[:SHOWN_IDS])
    return f"{shown} and {more} more: audit {entry.id}" if more > 0 else shown


def _text(value: object) -> str:
    if not isinstance(value, list):
        return json.dumps(value)
    more = len(value) - SHOWN_CHOICES
    shown = ",".join(map(str, value[:SHOWN_CHOICES]))
    return f"{shown} and {more} more" if more > 0 else shown
