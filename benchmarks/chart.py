"""A bar chart as SVG, for the README."""

from collections.abc import Sequence
from html import escape

_WIDTH, _ROW, _LABELS = 760, 34, 330


def draw_chart(title: str, bars: Sequence[tuple[str, float]]) -> str:
    """One bar for each (label, value), the first in another colour."""
    longest = max(value for _, value in bars)
    height = _ROW * (len(bars) + 1) + 10
    rows = [_bar(i, label, value, value / longest) for i, (label, value) in enumerate(bars)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'font-family="sans-serif" font-size="14" role="img" aria-label="{escape(title)}">\n'
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>\n'
        f'<text x="{_LABELS}" y="20" font-weight="bold">{escape(title)}</text>\n'
        + "\n".join(rows)
        + "\n</svg>\n"
    )


def _bar(index: int, label: str, value: float, share: float) -> str:
    top = _ROW * (index + 1)
    width = share * (_WIDTH - _LABELS - 80)
    colour = "#2a7a4b" if index == 0 else "#9aa5b1"
    return (
        f'<text x="{_LABELS - 10}" y="{top + 20}" text-anchor="end">{escape(label)}</text>'
        f'<rect x="{_LABELS}" y="{top + 4}" width="{width:.1f}" height="22" fill="{colour}"/>'
        f'<text x="{_LABELS + width + 8:.1f}" y="{top + 20}">{value:,.0f}</text>'
    )
