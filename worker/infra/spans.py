"""Lengths of time and ends, as people write them."""

import re
from datetime import datetime, timedelta

_SPAN = re.compile(r"([1-9][0-9]{0,5})(s|m|h|d)", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def parse_span(text: str) -> timedelta | None:
    """Reads `30m`; None if it is something else."""
    span = _SPAN.fullmatch(text)
    return None if span is None else timedelta(**{_UNITS[span[2]]: int(span[1])})


def parse_end(text: str) -> datetime | timedelta | None:
    """Reads an instant with an offset, or `2h` from now; None if it is neither."""
    try:
        end = parse_span(text) or datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None
    return None if isinstance(end, datetime) and end.tzinfo is None else end
