from typing import Annotated

import typer

from worker.cli.dlq.dead_letters import ask, dead_letters
from worker.cli.dlq.following import run_job
from worker.cli.dlq.options import (
    All,
    By,
    Car,
    Code,
    Ids,
    IdsFrom,
    Limit,
    Since,
    Source,
    Text,
    Type,
    Until,
    chosen_ids,
    require_selection,
)
from worker.cli.dlq.rehearsals import print_rehearsal
from worker.cli.output import AS_JSON
from worker.dead_letters.replay_options import ReplayOptions
from worker.domain.value_objects.dead_letter_selection import Selection
from worker.infra.messaging.dead_letters.rate_limit import parse_rate


def read_rate(text: str) -> float:
    """Reads a rate from the command line."""
    try:
        return parse_rate(text)
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong)) from None


def replay(  # noqa: PLR0913 - one parameter for each option
    *,
    ids: Ids = None,
    ids_from: IdsFrom = None,
    code: Code = None,
    type_: Type = None,
    car: Car = None,
    since: Since = None,
    until: Until = None,
    source: Source = None,
    text: Text = None,
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
    filters = Selection(
        chosen_ids(ids, ids_from), code, type_, car, since, until, limit, source, text
    )
    selection = require_selection(filters, everything=everything)
    if dry_run:
        print_rehearsal(ask(dead_letters().rehearse(selection)), as_json=as_json)
        return
    letters = dead_letters(by)
    job = letters.start_replay(selection, ReplayOptions(canary, rate))
    run_job(letters, job, as_json=as_json)
