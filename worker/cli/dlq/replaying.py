import asyncio
from dataclasses import asdict, astuple
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.dlq.dead_letters import dead_letters
from worker.cli.dlq.options import (
    All,
    By,
    Car,
    Code,
    Ids,
    Limit,
    Since,
    Type,
    Until,
    as_tuple,
    require_selection,
)
from worker.cli.dlq.running import run_change
from worker.cli.output import AS_JSON, print_json, print_table
from worker.dead_letters.replay_options import ReplayOptions
from worker.domain.value_objects.dead_letter_selection import Selection
from worker.infra.messaging.dead_letters.rate_limit import parse_rate

if TYPE_CHECKING:
    from worker.dead_letters.rehearsal import RehearsalReport


def read_rate(text: str) -> float:
    """Reads a rate from the command line."""
    try:
        return parse_rate(text)
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong)) from None


def replay(  # noqa: PLR0913 - one parameter for each option
    *,
    ids: Ids = None,
    code: Code = None,
    type_: Type = None,
    car: Car = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = None,
    everything: All = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would become of each.")
    ] = False,
    canary: Annotated[
        int, typer.Option(min=0, help="Replay so many, and the rest only if all went well.")
    ] = 0,
    rate: Annotated[
        float | None,
        typer.Option(parser=read_rate, metavar="RATE", help="At most so many: 50/s, 10/m."),
    ] = None,
    by: By = None,
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Send the chosen dead letters back to the main queue."""
    filters = Selection(as_tuple(ids), code, type_, car, since, until, limit)
    selection = require_selection(filters, everything=everything)
    if dry_run:
        _print_rehearsal(asyncio.run(dead_letters().rehearse(selection)), as_json=as_json)
        return
    letters, options = dead_letters(by), ReplayOptions(canary, rate)
    run_change(
        lambda terminal: letters.replay(selection, options, terminal, terminal.stop),
        as_json=as_json,
    )


def _print_rehearsal(report: "RehearsalReport", *, as_json: bool) -> None:
    if as_json:
        verdicts = [asdict(verdict) for verdict in report.verdicts]
        print_json({"chosen": report.selected, "verdicts": verdicts})
        return
    columns = ("outcome", "code", "#messages", "sample id", "sample detail")
    rows = [astuple(verdict) for verdict in report.verdicts]
    print_table(f"{report.selected} dead letters, if they were replayed now", columns, rows)
    typer.echo("nothing was changed")
