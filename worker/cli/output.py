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
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from worker.cli.narrow_table import GAP, Column, NarrowTable, lay_out
from worker.infra.printable import printable

UNLIMITED_WIDTH = 10_000
AS_JSON = typer.Option("--json", help="Print one JSON document instead of a table.")


def print_json(document: object) -> None:
    """Prints one document on stdout; amounts are strings, instants RFC 3339."""
    sys.stdout.write(json.dumps(document, default=_encode, ensure_ascii=False, indent=2) + "\n")
    sys.stdout.flush()  # so that a closed pipe is an error here, where it is explained


def print_table(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    first: Sequence[str] = (),
) -> None:
    """Prints an aligned table; columns whose name begins with `#` hold numbers.

    In a pipe rows are as long as they are. In a terminal that is too narrow for them, the columns
    named in `first` keep their place in the row, then others in their order, as many as fit; the
    rest goes below each row.
    """
    cells = [[_cell(value) for value in row] for row in rows]
    measured = [_measure(name, [row[index] for row in cells]) for index, name in enumerate(columns)]
    is_terminal = sys.stdout.isatty()
    console = Console(width=None if is_terminal else UNLIMITED_WIDTH)
    if is_terminal and _width_of(measured) > console.width:
        names = [column.name for column in measured]
        ranking = [*map(names.index, first), *(i for i, n in enumerate(names) if n not in first)]
        layout = lay_out(measured, ranking, console.width)
        NarrowTable(console, measured, layout).print(title, cells)
    else:
        console.print(_table(title, measured, cells))


def _measure(name: str, cells: Sequence[str]) -> Column:
    told = name.removeprefix("#")
    return Column(told, name.startswith("#"), max(map(cell_len, (told, *cells))))


def _width_of(columns: Sequence[Column]) -> int:
    """With the box that a table has."""
    return sum(column.width + len(GAP) for column in columns) + 1


def _table(title: str, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    for column in columns:
        justify: Literal["left", "right"] = "right" if column.is_number else "left"
        table.add_column(column.name, justify=justify, no_wrap=True)
    for row in rows:
        table.add_row(*map(Text, row))  # data, not markup
    return table


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
