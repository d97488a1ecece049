"""The instant at which something happened upstream, in UTC, never a naive datetime."""

import re
from datetime import UTC, datetime, timedelta

from worker.domain.errors import InvalidValueError, OccurredInFutureError

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far a publisher's clock may run ahead of ours."""

_ALLOWED = "an RFC 3339 date-time with an offset and at most microseconds, from the year 1900"
_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"[Tt](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?"
    r"(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])",
    re.ASCII,
)


def parse_occurred_at(text: str, now: datetime) -> datetime:
    """Parses an instant to UTC; `now` is the worker's clock.

    The text is checked first, because `datetime.fromisoformat` accepts week dates, basic dates
    and offsets with seconds, and truncates nanoseconds.
    """
    if _RFC_3339.fullmatch(text) is None:
        raise InvalidValueError(text, _ALLOWED)
    try:
        occurred_at = _to_utc(datetime.fromisoformat(text.upper()))
    except ValueError:
        raise InvalidValueError(text, _ALLOWED) from None
    if occurred_at < EARLIEST:
        raise InvalidValueError(text, _ALLOWED)
    if occurred_at > now + CLOCK_TOLERANCE:
        raise OccurredInFutureError(text, "at most 5 minutes after the worker's clock")
    return occurred_at


def _to_utc(instant: datetime) -> datetime:
    """Instants in one zone are compared ten times as fast; one outside of all years stays."""
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        return instant
