"""Delays between the attempts at a message that may succeed later."""

import re
from dataclasses import dataclass

_DELAY = re.compile(r"([1-9][0-9]{0,5})(ms|s|m|h)", re.ASCII)
_MILLISECONDS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000}
_LONGEST_MS = 24 * 3_600_000

NO_RETRIES = "none"
"""An empty setting means the default."""


@dataclass(frozen=True, slots=True)
class RetryDelay:
    """One delay; its configured text (`30s`) is part of the queue's name."""

    text: str
    milliseconds: int


def parse_retry_delays(value: object) -> tuple[RetryDelay, ...]:
    """Parses delays such as `5s,30s,2m`; `none` means no retries.

    Raises:
        ValueError: a delay is not a number with ms, s, m or h, or longer than a day.
    """
    if isinstance(value, tuple):
        return value
    if str(value).strip().lower() == NO_RETRIES:
        return ()
    return tuple(_parse(part.strip()) for part in str(value).split(",") if part.strip())


def _parse(text: str) -> RetryDelay:
    match = _DELAY.fullmatch(text)
    milliseconds = int(match[1]) * _MILLISECONDS[match[2]] if match else 0
    if not 0 < milliseconds <= _LONGEST_MS:
        raise ValueError(f"has {text!r}: a delay is a number with ms, s, m or h, at most 24h")
    return RetryDelay(text, milliseconds)
