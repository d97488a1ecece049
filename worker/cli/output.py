"""Tables for people, JSON for programs."""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from worker.infra.printable import printable

UNLIMITED_WIDTH = 10_000
AS_JSON = typer.Option("--json", help="Print one JSON document instead of a table.")


def print_json(document: object) -> None:
    """Prints one document on stdout; amounts are strings, instants RFC 3339."""
    sys.stdout.write(json.dumps(document, default=_encode, ensure_ascii=False, indent=2) + "\n")
    sys.stdout.flush()  # so that a closed pipe is an error here, where it is explained


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Prints an aligned table; columns whose name begins with `#` hold numbers.

    In a terminal wide cells are cut with an ellipsis; in a pipe they are not.
    """
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    for column in columns:
        justify: Literal["left", "right"] = "right" if column.startswith("#") else "left"
        table.add_column(column.lstrip("#"), justify=justify, no_wrap=True)
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row))  # data, not markup
    Console(width=None if sys.stdout.isatty() else UNLIMITED_WIDTH).print(table)


def pesos(amount: Decimal) -> str:
    """Formats an amount: 349,999.00."""
    return f"{amount:,.2f}"


def _cell(value: object) -> str:
    match value:
        case None:
            return "-"
        case Decimal():
            return pesos(value)
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"
        case _:
            return _in_encoding_of_stdout(printable(str(value)))


def _in_encoding_of_stdout(text: str) -> str:
    """Escapes here what would be escaped on the way out, so that columns stay aligned."""
    stdout = sys.stdout
    return text.encode(stdout.encoding, stdout.errors or "strict").decode(stdout.encoding)


def _encode(value: object) -> str:
    match value:
        case Decimal():
            return f"{value:f}"
        case datetime():
            return value.isoformat()
        case StrEnum():
            return str(value)
        case _:
            raise TypeError(f"{type(value).__name__} has no form in JSON")
