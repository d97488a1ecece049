from pathlib import Path
from typing import Annotated

import typer

from worker.cli.dlq.dead_letters import ask, dead_letters
from worker.cli.dlq.options import By
from worker.cli.dlq.rehearsals import print_import_rehearsal
from worker.cli.dlq.running import run_change
from worker.cli.output import AS_JSON


def import_(
    file: Annotated[Path, typer.Argument(help="As `dlq export` or `dlq discard` wrote it.")],
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would become of each.")
    ] = False,
    by: By = None,
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Send the messages of a file, edited or not; each leaves the dead letters, if it is there."""
    if dry_run:
        print_import_rehearsal(ask(dead_letters().rehearse_import(file)), as_json=as_json)
        return
    letters = dead_letters(by)
    run_change(lambda terminal: letters.import_(file, terminal, terminal.stop), as_json=as_json)
