"""The options by which every command on dead letters selects them."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from worker.domain.error_code import FORMER_CODES, ErrorCode
from worker.domain.value_objects.dead_letter_selection import Selection
from worker.infra.messaging.dead_letters.errors import InvalidSelectionError
from worker.infra.spans import parse_span


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


def complete_code(typed: str) -> list[str]:
    """The error codes that begin like what was typed."""
    return [code for code in (*ErrorCode, *FORMER_CODES) if code.startswith(typed)]


def complete_type(typed: str) -> list[str]:
    """The types that begin like what was typed."""
    from worker.infra.messaging.events.wire_events import EVENT_TYPES

    return [type_ for type_ in EVENT_TYPES if type_.startswith(typed)]


Ids = Annotated[list[str] | None, typer.Option("--id", help="Of this message id; may be repeated.")]
IdsFrom = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Of the message ids in it, one a line; - reads stdin."),
]
Code = Annotated[
    str | None,
    typer.Option(help="With this error code, as `list` shows it.", autocompletion=complete_code),
]
Type = Annotated[
    str | None, typer.Option("--type", help="Of this type.", autocompletion=complete_type)
]
Car = Annotated[str | None, typer.Option(help="About this car.")]
Since = Annotated[
    datetime | None,
    typer.Option(parser=parse_instant, metavar="TIME", help="Dead since then; 30m is an age."),
]
Until = Annotated[
    datetime | None,
    typer.Option(parser=parse_instant, metavar="TIME", help="Dead until then."),
]
Source = Annotated[str | None, typer.Option(help="Of this source; empty for those of none.")]
Text = Annotated[
    str | None,
    typer.Option(help="With this in id, detail (ignoring case) or body."),
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
            "choose with --id, --ids-from, --code, --type, --car, --since, --until, --source, "
            "--text or --limit, or say --all"
        )
    return selection


def require_new(file: Path) -> None:
    """Refuses a file that exists."""
    if file.exists():
        raise InvalidSelectionError(f"--to {file} exists already: name a new file")


def chosen_ids(ids: Sequence[str] | None, ids_from: str | None) -> tuple[str, ...]:
    """The ids of the command and of its file in their order, each once.

    Raises:
        InvalidSelectionError: the file cannot be read, or holds none, which would choose all.
    """
    named = list(ids or ())
    if ids_from is not None:
        named += _read_ids(ids_from)
    return tuple(dict.fromkeys(named))


def _read_ids(file: str) -> list[str]:
    try:
        text = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        lines = [line.strip() for line in text.decode("utf-8-sig").splitlines()]
    except OSError as error:
        raise InvalidSelectionError(f"--ids-from {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InvalidSelectionError(f"--ids-from {file} is not UTF-8") from None
    if not any(lines):
        raise InvalidSelectionError(f"--ids-from {file} holds no id")
    return [line for line in lines if line]
