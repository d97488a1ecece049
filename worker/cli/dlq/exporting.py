import shutil
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from worker.cli.dlq.dead_letters import ask, dead_letters
from worker.cli.dlq.options import (
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
)
from worker.domain.value_objects.dead_letter_selection import Selection


def export(  # noqa: PLR0913 - one parameter for each option
    *,
    to: Annotated[Path | None, typer.Option(help="A new file; else standard output.")] = None,
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
) -> None:
    """Write the dead letters as JSON Lines; the queue stays as it is."""
    selection = Selection(
        chosen_ids(ids, ids_from), code, type_, car, since, until, limit, source, text
    )
    if to is not None:
        require_new(to)
    beside = None if to is None else to.absolute().parent
    with tempfile.TemporaryFile("w+", encoding="utf-8", dir=beside) as lines:
        count = ask(dead_letters().export(selection, lines.write))
        lines.seek(0)
        if to is None:  # only now: a pager that waits for its reader must not hold the messages
            shutil.copyfileobj(lines, sys.stdout)
        else:
            with to.open("x", encoding="utf-8") as file:
                shutil.copyfileobj(lines, file)
    typer.echo(f"exported {count} dead letters", err=True)
