"""Takes off what editors, shells and Compose put around a value."""

from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Mapping

_AROUND = " \t\r\n\v\f\u00a0\u200b\ufeff"
_QUOTES = "\"'"
_ENCODINGS = {BOM_UTF8: "utf-8-sig", BOM_UTF16_LE: "utf-16", BOM_UTF16_BE: "utf-16"}


def bare(value: str) -> str:
    """The value without blanks, line breaks, a BOM and one pair of quotes around it."""
    value = value.strip(_AROUND)
    if len(value) > 1 and value[0] == value[-1] and value[0] in _QUOTES:
        value = value[1:-1].strip(_AROUND)
    return value


def bare_values(given: Mapping[str, str | None]) -> dict[str, str]:
    """All that have a value: an empty one counts as absent, as in Compose's `${NAME:-}`."""
    return {name: stripped for name, value in given.items() if (stripped := bare(value or ""))}


def encoding_of(text: bytes) -> str:
    """The encoding that a BOM tells, as Windows tools write it; else UTF-8."""
    return next((name for bom, name in _ENCODINGS.items() if text.startswith(bom)), "utf-8")
