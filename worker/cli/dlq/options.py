"""The options by which every command on dead letters selects them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from worker.cli.spans import parse_span
from worker.domain.value_objects.dead_letter_selection import Selection
from worker.infra.messaging.dead_letters.errors import InvalidSelectionError


def parse_instant(text: str) -> datetime:
    """Reads an instant with an offset, or an age: `30m` is half an hour ago."""
    age = parse_span(text)
    try:
        if age is not None:
            return datetime.now(UTC) - age
        instant = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        instant = None
    if instant is None or instant.tzinfo is None:
        raise typer.BadParameter(
            f"{text!r} is neither an instant such as 2026-01-31T02:50:00Z nor an age such as 30m"
        )
    return instant


Ids = Annotated[list[str] | None, typer.Option("--id", help="Of this message id; may be repeated.")]
Code = Annotated[str | None, typer.Option(help="With this error code, as `list` shows it.")]
Type = Annotated[str | None, typer.Option("--type", help="Of this type.")]
Car = Annotated[str | None, typer.Option(help="About this car.")]
Since = Annotated[
    datetime | None,
    typer.Option(parser=parse_instant, metavar="TIME", help="Dead since then; 30m is an age."),
]
Until = Annotated[
    datetime | None,
    typer.Option(parser=parse_instant, metavar="TIME", help="Dead until then."),
]
Limit = Annotated[int | None, typer.Option(min=1, help="At most so many.")]
All = Annotated[bool, typer.Option("--all", help="All of them.")]
By = Annotated[
    str | None, typer.Option(help="Who gives the command, for the audit; else the user.")
]


def require_selection(selection: Selection, *, everything: bool) -> Selection:
    """The selection, which a command that changes something must have."""
    if everything and selection != Selection():
        raise InvalidSelectionError("--all goes with no other choice")
    if not everything and selection == Selection():
        raise InvalidSelectionError(
            "choose with --id, --code, --type, --car, --since, --until or --limit, or say --all"
        )
    return selection


def require_new(file: Path) -> Path:
    """The path of a file that does not exist yet."""
    if file.exists():
        raise InvalidSelectionError(f"{file} exists already: name a new file")
    return file


def as_tuple(ids: Sequence[str] | None) -> tuple[str, ...]:
    """The ids in their order, each once."""
    return tuple(dict.fromkeys(ids or ()))
