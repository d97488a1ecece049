"""The rules for what describes a car."""

import re
import unicodedata
from datetime import datetime

from worker.domain.errors import InvalidValueError

FIRST_MODEL_YEAR = 1886
"""The year of the first car: Benz Patent-Motorwagen."""

LONGEST_NAME = 80

_YEAR = re.compile(r"[0-9]{4}", re.ASCII)


def parse_name(text: str) -> str:
    """Reads a make or a model: trimmed, 1 to 80 printable characters.

    PostgreSQL refuses U+0000 and lone surrogates, both valid in JSON: one of them would
    fail the statement of a whole batch, so they are refused here.
    """
    name = text.strip()
    if not 1 <= len(name) <= LONGEST_NAME or not (name.isprintable() or _is_clean(name)):
        raise InvalidValueError(text, "1 to 80 characters after trimming, no control characters")
    return name


def parse_year(text: str, now: datetime) -> int:
    """Reads a model year from its digits: 1886 to next year."""
    latest = now.year + 1
    if _YEAR.fullmatch(text) is None or not FIRST_MODEL_YEAR <= int(text) <= latest:
        raise InvalidValueError(text, f"an integer from {FIRST_MODEL_YEAR} to {latest}")
    return int(text)


def fold(name: str) -> str:
    """The key under which a make or model is found whatever its case.

    Folded here because `lower()` in PostgreSQL follows the database's locale: under C,
    `ŠKODA` would stay as it is.
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _is_clean(name: str) -> bool:
    return not any(unicodedata.category(character) in {"Cc", "Cs"} for character in name)
