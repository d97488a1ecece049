"""Parses JSON without changing the digits of numbers."""

from codecs import BOM_UTF8
from json import JSONDecoder
from typing import NoReturn


class JsonNumber:
    """A JSON number as text: unlike a float it loses no digits, and `1` does not equal `True`."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


class MalformedJsonError(ValueError):
    """The bytes are not one JSON document in UTF-8."""


def _refuse_constant(name: str) -> NoReturn:
    raise MalformedJsonError(f"{name} is not JSON")


_decoder = JSONDecoder(
    parse_int=JsonNumber, parse_float=JsonNumber, parse_constant=_refuse_constant
)


def parse_json(body: bytes) -> object:
    """Parses a document, with a `JsonNumber` for each number.

    Raises:
        MalformedJsonError: also for a byte order mark, which RFC 8259 forbids, and for
            nesting too deep to read.
    """
    if body.startswith(BOM_UTF8):
        raise MalformedJsonError("begins with a byte order mark")
    document: object
    try:
        text = body.decode()
        if text.startswith("{"):  # without the patterns of whitespace, for nearly every message
            document, end = _decoder.raw_decode(text)
            if end == len(text):
                return document
        document = _decoder.decode(text)
    except UnicodeDecodeError as error:
        raise MalformedJsonError(f"not UTF-8 at byte {error.start}") from None
    except RecursionError:
        raise MalformedJsonError("nested too deep") from None
    except MalformedJsonError:
        raise
    except ValueError as error:
        raise MalformedJsonError(str(error)) from None
    return document
