"""The table that `make faults` prints."""

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class DrillReport:
    """What one drill did, and what the worker made of it."""

    drill: str
    messages: int
    faults: int
    lost: int
    applied_twice: int
    wrongly_dead: int
    seconds_to_recover: float


_TITLES = {
    "drill": "drill",
    "messages": "messages",
    "faults": "faults",
    "lost": "lost",
    "applied_twice": "applied twice",
    "wrongly_dead": "wrongly dead-lettered",
    "seconds_to_recover": "seconds to recover",
}


def as_table(reports: list[DrillReport]) -> str:
    """Columns as wide as what they hold, under their titles; pastes into Markdown."""
    rows = [list(_TITLES.values()), *(_row(report) for report in reports)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(_TITLES))]
    lines = [" | ".join(_aligned(row, widths)) for row in rows]
    rule = " | ".join("-" * width for width in widths)
    return "\n".join(f"| {line} |" for line in (lines[0], rule, *lines[1:]))


def _row(report: DrillReport) -> list[str]:
    values = [getattr(report, field.name) for field in fields(report)]
    return [f"{value:.1f}" if isinstance(value, float) else str(value) for value in values]


def _aligned(row: list[str], widths: list[int]) -> list[str]:
    cells = zip(row, widths, strict=True)
    return [
        cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(cells)
    ]
