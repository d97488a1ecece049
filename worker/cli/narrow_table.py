"""Tables that are wider than their terminal: no cell is cut."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

MARGIN, GAP, INDENT = "  ", "   ", "    "
LEAST_FOLDED = 30
"""The last column is folded in its place if this much room is left for it."""

SHORT = 24
"""Cells of this length share a line below their row."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column whose cells were measured."""

    name: str
    is_number: bool
    width: int


@dataclass(frozen=True, slots=True)
class Layout:
    """Which columns stay in the row, each with its width; the others go below it."""

    kept: dict[int, int]
    below: list[int]


def lay_out(columns: Sequence[Column], ranking: Sequence[int], width: int) -> Layout:
    """Keeps what fits, by rank; a column wider than half the terminal would cost all the others."""
    *others, last = ranking
    room = width - len(MARGIN) + len(GAP)
    kept: dict[int, int] = {}
    for index in (*others, last):
        needed = columns[index].width
        is_folded = index == last and len(kept) == len(others) and room >= LEAST_FOLDED + len(GAP)
        if is_folded:
            needed = min(needed, room - len(GAP))
        if needed + len(GAP) <= room and (is_folded or needed <= width // 2):
            kept[index] = needed
            room -= needed + len(GAP)
    return Layout(dict(sorted(kept.items())), [i for i in range(len(columns)) if i not in kept])


class NarrowTable:
    """Prints rows, and below each what has no room in it."""

    def __init__(self, console: Console, columns: Sequence[Column], layout: Layout) -> None:
        self._console = console
        self._columns = columns
        self._layout = layout

    def print(self, title: str, rows: Sequence[Sequence[str]]) -> None:
        """Prints all."""
        self._console.print(Text(title, style="bold"), end="\n\n")
        for line in self._row([column.name for column in self._columns]):
            self._print(Text(line, style="bold"))
        ruled = sum(self._layout.kept.values()) + len(GAP) * (len(self._layout.kept) - 1)
        rule = "-" if self._console.options.ascii_only else "─"
        self._print(Text(" " + rule * (ruled + len(MARGIN) - 1)))
        for row in rows:
            for line in (*self._row(row), *self._below(row)):
                self._print(Text(line))
        self._console.print()

    def _row(self, cells: Sequence[str]) -> Iterator[str]:
        """The line of a row, and more of them where its last cell is folded."""
        folded = {i: self._fold(cells[i], width) for i, width in self._layout.kept.items()}
        for number in range(max(map(len, folded.values()), default=0)):
            parts = [
                self._pad(lines[number] if number < len(lines) else "", index)
                for index, lines in folded.items()
            ]
            yield (MARGIN + GAP.join(parts)).rstrip()

    def _below(self, cells: Sequence[str]) -> Iterator[str]:
        told = [(self._columns[i].name, cells[i]) for i in self._layout.below]
        given = [(name, cell) for name, cell in told if cell not in {"", "-"}]
        short = [f"{name} {cell}" for name, cell in given if cell_len(cell) <= SHORT]
        long = [f"{name} {cell}" for name, cell in given if cell_len(cell) > SHORT]
        for text in (", ".join(short), *long):
            for line in self._fold(text, self._console.width - len(INDENT)) if text else ():
                yield INDENT + line

    def _fold(self, text: str, width: int) -> list[str]:
        return [line.plain.rstrip() for line in Text(text).wrap(self._console, max(width, 1))]

    def _pad(self, text: str, index: int) -> str:
        blanks = " " * (self._layout.kept[index] - cell_len(text))
        return blanks + text if self._columns[index].is_number else text + blanks

    def _print(self, line: Text) -> None:
        self._console.print(line, soft_wrap=True, highlight=False)
