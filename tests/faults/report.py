"""The table that `make faults` prints."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DrillReport:
    """What one drill did, and what the worker made of it."""

    drill: str
    messages: int
    faults: int
    lost: int
    applied_twice: int
    wrongly_dead: int
    seconds_of_silence: float | None
    """The longest time without a record under a steady load; None if there was no such load."""
    seconds_to_recover: float

    @property
    def harm(self) -> tuple[int, int, int]:
        """What must be zero: lost, applied twice, wrongly dead-lettered."""
        return self.lost, self.applied_twice, self.wrongly_dead


_TITLES = {
    "drill": "drill",
    "messages": "messages",
    "faults": "faults",
    "lost": "lost",
    "applied_twice": "applied twice",
    "wrongly_dead": "wrongly dead-lettered",
    "seconds_of_silence": "seconds of silence",
    "seconds_to_recover": "seconds to recover",
}


def as_table(reports: list[DrillReport]) -> str:
    """Columns as wide as what they hold, under their titles; pastes into Markdown.

    A column for which no drill has a value is left out.
    """
    columns = [
        [_TITLES[name], *values] for name in _TITLES if any(values := _column(reports, name))
    ]
    rows = list(zip(*(_aligned(column) for column in columns), strict=True))
    rule = tuple("-" * len(cell) for cell in rows[0])
    return "\n".join(f"| {' | '.join(row)} |" for row in (rows[0], rule, *rows[1:]))


def _column(reports: list[DrillReport], name: str) -> list[str]:
    return [_cell(getattr(report, name)) for report in reports]


def _cell(value: str | float | None) -> str:
    if value is None:
        return ""
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def _aligned(column: list[str]) -> list[str]:
    """Words to the left, numbers to the right."""
    title, width = column[0], max(map(len, column))
    return [cell.ljust(width) if title == "drill" else cell.rjust(width) for cell in column]
