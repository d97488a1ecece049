from pathlib import Path
from typing import Annotated

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
    require_new,
    require_selection,
)
from worker.cli.dlq.running import run_change
from worker.cli.output import AS_JSON
from worker.domain.value_objects.dead_letter_selection import Selection


def discard(  # noqa: PLR0913 - one parameter for each option
    *,
    to: Annotated[Path, typer.Option(help="The new file that keeps them, for `dlq import`.")],
    ids: Ids = None,
    code: Code = None,
    type_: Type = None,
    car: Car = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = None,
    everything: All = False,
    by: By = None,
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Take the chosen dead letters out of the queue, into a file."""
    filters = Selection(as_tuple(ids), code, type_, car, since, until, limit)
    selection = require_selection(filters, everything=everything)
    file, letters = require_new(to), dead_letters(by)
    run_change(
        lambda terminal: letters.discard(selection, file, terminal, terminal.stop),
        as_json=as_json,
    )
