"""Small pictures of counts over time, drawn here: the browser gets finished SVG."""

from collections.abc import Sequence
from dataclasses import dataclass

HEIGHT = 24
BAR = 3
GAP = 1


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a picture, in its coordinates."""

    x: int
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class Sparkline:
    """One bar for each count, the last at the right; `told` says it in words."""

    width: int
    height: int
    bars: Sequence[Bar]
    told: str


def draw(hourly: Sequence[int]) -> Sparkline:
    """A picture of counts by the hour; what is not zero is at least one unit high."""
    highest = max(hourly, default=0)
    bars = []
    for position, number in enumerate(hourly):
        if number:
            height = max(1, round(number / highest * HEIGHT))
            bars.append(Bar(position * (BAR + GAP), HEIGHT - height, height))
    width = len(hourly) * (BAR + GAP) - GAP
    return Sparkline(width, HEIGHT, bars, _tell(hourly, highest))


def _tell(hourly: Sequence[int], highest: int) -> str:
    hours = len(hourly)
    if not highest:
        return f"none in the last {hours} hours"
    ago = len(hourly) - 1 - max(i for i, number in enumerate(hourly) if number == highest)
    when = "in the last hour" if ago == 0 else f"{ago} hours ago"
    return f"{sum(hourly):,} in the last {hours} hours, most {when}: {highest:,}"
