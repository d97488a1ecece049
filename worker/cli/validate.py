"""`validate`: checks events offline."""

from typing import Annotated

import typer

from worker.cli.event_file import (
    EventFile,
    describe_wrong_line,
    find_wrong_lines,
    read_event_file,
)
from worker.cli.failures import FAILED
from worker.cli.output import AS_JSON, print_json


def validate(file: EventFile, *, as_json: Annotated[bool, AS_JSON] = False) -> None:
    """Check events offline; print the line, the field, what was found and what is allowed."""
    lines = read_event_file(file)
    wrong_lines = find_wrong_lines(lines)
    if as_json:
        print_json(
            {
                "events": len(lines),
                "wrong": [
                    {"line": w.number, "code": w.failure.code, "detail": w.failure.detail}
                    for w in wrong_lines
                ],
            }
        )
    else:
        for wrong in wrong_lines:
            typer.echo(describe_wrong_line(wrong))
        typer.echo(f"{len(lines)} events, {len(wrong_lines)} wrong")
    if wrong_lines:
        raise typer.Exit(FAILED)
