from pathlib import Path
from typing import Annotated

import typer

from worker.cli.dlq.dead_letters import dead_letters
from worker.cli.dlq.options import By
from worker.cli.dlq.running import run_change
from worker.cli.output import AS_JSON


def import_(
    file: Annotated[Path, typer.Argument(help="As `dlq export` or `dlq discard` wrote it.")],
    *,
    by: By = None,
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Send the messages of a file, edited or not; each leaves the dead letters, if it is there."""
    letters = dead_letters(by)
    run_change(lambda terminal: letters.import_(file, terminal, terminal.stop), as_json=as_json)
