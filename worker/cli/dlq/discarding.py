from pathlib import Path
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
    require_new,
    require_selection,
)
from worker.cli.dlq.rehearsals import print_discard_rehearsal
from worker.cli.output import AS_JSON
from worker.domain.value_objects.dead_letter_selection import Selection
from worker.infra.messaging.dead_letters.errors import InvalidSelectionError


def discard(  # noqa: PLR0913 - one parameter for each option
    *,
    to: Annotated[
        Path | None, typer.Option(help="The new file that keeps them, for `dlq import`.")
    ] = None,
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
        bool, typer.Option("--dry-run", help="Only say which would be taken.")
    ] = False,
    by: By = None,
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Take the chosen dead letters out of the queue, into a file."""
    filters = Selection(
        chosen_ids(ids, ids_from), code, type_, car, since, until, limit, source, text
    )
    selection = require_selection(filters, everything=everything)
    if to is not None:
        require_new(to)
    if dry_run:
        print_discard_rehearsal(ask(dead_letters().rehearse_discard(selection)), as_json=as_json)
        return
    if to is None:
        raise InvalidSelectionError("--to must name the new file that keeps them")
    letters = dead_letters(by)
    run_job(letters, letters.start_discard(selection, to), as_json=as_json, to=to)
