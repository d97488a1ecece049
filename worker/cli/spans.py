"""Lengths of time and ends, as people write them."""

import re
from datetime import datetime, timedelta

import typer

_SPAN = re.compile(r"([1-9][0-9]{0,5})(s|m|h|d)", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def parse_span(text: str) -> timedelta | None:
    """Reads `30m`; None if it is something else."""
    span = _SPAN.fullmatch(text)
    return None if span is None else timedelta(**{_UNITS[span[2]]: int(span[1])})


def parse_until(text: str) -> datetime | timedelta:
    """Reads an end for the command line: an instant with an offset, or `2h` from now."""
    try:
        until = parse_span(text) or datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        until = None
    if until is None or (isinstance(until, datetime) and until.tzinfo is None):
        raise typer.BadParameter(
            f"{text!r} is neither a length such as 2h nor an instant such as 2026-01-31T02:50:00Z"
        )
    return until
