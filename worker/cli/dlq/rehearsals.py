"""What dry runs print."""

from dataclasses import asdict, astuple
from typing import TYPE_CHECKING

import typer

from worker.cli.output import print_json, print_table

if TYPE_CHECKING:
    from worker.dead_letters.discard import DiscardRehearsal
    from worker.dead_letters.import_rehearsal import ImportRehearsal
    from worker.dead_letters.rehearsal import RehearsalReport

NOTHING_CHANGED = "nothing was changed"


def print_rehearsal(report: "RehearsalReport", *, as_json: bool) -> None:
    """What a replay would do."""
    verdicts = [asdict(verdict) for verdict in report.verdicts]
    if as_json:
        print_json({"chosen": report.selected, "verdicts": verdicts})
    else:
        _print_verdicts(f"{report.selected} dead letters, if they were replayed now", report)


def print_import_rehearsal(rehearsal: "ImportRehearsal", *, as_json: bool) -> None:
    """What an import would do."""
    report, edited, absent = rehearsal.report, rehearsal.edited, rehearsal.not_in_queue
    if as_json:
        told = {"chosen": report.selected, "edited": edited, "not_in_queue": absent}
        print_json({**told, "verdicts": [asdict(verdict) for verdict in report.verdicts]})
    else:
        aside = f"{edited} edited, {absent} no longer in the queue"
        _print_verdicts(f"{report.selected} messages, {aside}, if they were imported now", report)


def print_discard_rehearsal(rehearsal: "DiscardRehearsal", *, as_json: bool) -> None:
    """What a discard would take."""
    if as_json:
        groups = [asdict(group) for group in rehearsal.groups]
        print_json({"chosen": rehearsal.selected, "groups": groups})
        return
    rows = [
        (group.code, group.type, group.messages, group.oldest, group.newest, group.sample_id)
        for group in rehearsal.groups
    ]
    columns = ("code", "type", "#messages", "oldest", "newest", "sample id")
    title = f"{rehearsal.selected} dead letters would be discarded"
    print_table(title, columns, rows, first=("code", "messages", "type"))
    typer.echo(NOTHING_CHANGED)


def _print_verdicts(title: str, report: "RehearsalReport") -> None:
    columns = ("outcome", "code", "#messages", "sample id", "sample detail")
    rows = [astuple(verdict) for verdict in report.verdicts]
    print_table(title, columns, rows, first=("outcome", "code", "messages"))
    typer.echo(NOTHING_CHANGED)
