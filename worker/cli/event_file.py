"""Reads files of events for `publish` and `validate`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.failures import WRONG_USAGE

if TYPE_CHECKING:
    from worker.infra.messaging.events.event_check import WrongLine
    from worker.infra.messaging.events.event_lines import NumberedLine

EventFile = Annotated[str, typer.Argument(help="JSON Lines; - reads standard input.")]


def read_event_file(file: str) -> "list[NumberedLine]":
    """All lines that are not blank."""
    from worker.infra.messaging.events.event_lines import parse_event_lines

    try:
        text = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        typer.echo(f"inventory-worker: cannot read {file}: {error.strerror}", err=True)
        raise typer.Exit(WRONG_USAGE) from None
    return list(parse_event_lines(text))


def find_wrong_lines(lines: "list[NumberedLine]") -> "list[WrongLine]":
    """The lines that the worker would refuse now."""
    from worker.infra.clocks import utc_now
    from worker.infra.messaging.events.decoding import Decoder
    from worker.infra.messaging.events.event_check import EventCheck

    return EventCheck(Decoder(utc_now)).find_wrong(lines)


def describe_wrong_line(wrong: "WrongLine") -> str:
    """One line: the line number, the field, what was found, what is allowed."""
    return f"line {wrong.number}: {wrong.failure.detail} ({wrong.failure.code})"
