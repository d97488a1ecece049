"""The rules for make, model and year."""

import re
import unicodedata
from datetime import datetime

from worker.domain.errors import InvalidValueError

FIRST_MODEL_YEAR = 1886
"""The year of the first car: Benz Patent-Motorwagen."""

LONGEST_NAME = 80

_YEAR = re.compile(r"[0-9]{4}", re.ASCII)


def parse_name(text: str) -> str:
    """Parses a make or a model: trimmed, 1 to 80 printable characters.

    U+0000 and lone surrogates, both valid in JSON, are refused here because PostgreSQL refuses
    them, and one of them would fail the statement of a whole batch.
    """
    name = text.strip()
    if not 1 <= len(name) <= LONGEST_NAME or not (name.isprintable() or _is_clean(name)):
        raise InvalidValueError(text, "1 to 80 characters after trimming, no control characters")
    return name


def parse_year(text: str, now: datetime) -> int:
    """Parses a model year from its digits: 1886 to next year."""
    latest = now.year + 1
    if _YEAR.fullmatch(text) is None or not FIRST_MODEL_YEAR <= int(text) <= latest:
        raise InvalidValueError(text, f"an integer from {FIRST_MODEL_YEAR} to {latest}")
    return int(text)


def fold(name: str) -> str:
    """The key for case-insensitive search of a make or model.

    Folded here because `lower()` in PostgreSQL depends on the database's locale: under C,
    `ŠKODA` is not changed.
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _is_clean(name: str) -> bool:
    return not any(unicodedata.category(character) in {"Cc", "Cs"} for character in name)
