import asyncio
from typing import Annotated

import typer

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
    require_choice,
)
from worker.cli.dlq.rehearsing import rehearse
from worker.cli.dlq.replay_run import ReplayOptions, replay_chosen
from worker.cli.output import AS_JSON
from worker.infra.messaging.dead_letters.rate_limit import parse_rate
from worker.infra.messaging.dead_letters.selection import Selection


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
    choice = require_choice(filters, everything=everything)
    if dry_run:
        asyncio.run(rehearse(choice, as_json=as_json))
    else:
        asyncio.run(replay_chosen(choice, ReplayOptions(canary, rate, by, as_json)))
