"""AMQP values as JSON and back; what JSON has no form for is an object whose one name tells."""

import base64
import math
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from pamqp.common import FieldTable, FieldValue


def _bytes_from(text: str) -> bytearray:
    return bytearray(base64.b64decode(text, validate=True))


_READERS: dict[str, Callable[[str], FieldValue]] = {
    "$bytes": _bytes_from,
    "$decimal": Decimal,
    "$float": float,
    "$timestamp": datetime.fromisoformat,
}
_TABLE = "$table"
"""Around a table that could be taken for one of the above."""


def to_json(value: FieldValue) -> object:
    """What `json.dumps` takes, without losing the type."""
    match value:
        case list():
            return [to_json(item) for item in value]
        case dict():
            table = {name: to_json(item) for name, item in value.items()}
            return {_TABLE: table} if table.keys() & {*_READERS, _TABLE} else table
        case _:
            tag, text = _tagged(value)
            return {tag: text} if tag else value


def from_json(value: object) -> FieldValue:
    """The value that `to_json` was given.

    Raises:
        ValueError, ArithmeticError: it made no such JSON.
    """
    match value:
        case list():
            return [from_json(item) for item in value]
        case {"$table": dict(table), **others} if not others:
            return table_from_json(table)
        case dict() if len(value) == 1 and (reader := _READERS.get(next(iter(value)))):
            return reader(str(*value.values()))
        case dict():
            return table_from_json(value)
        case None | bool() | int() | float() | str():
            return value
        case _:
            raise ValueError(f"{type(value).__name__} is no JSON")


def table_from_json(table: dict[str, object]) -> FieldTable:
    """The headers that `to_json` was given."""
    return {name: from_json(item) for name, item in table.items()}


def _tagged(value: FieldValue) -> tuple[str, str]:
    """Name and text of what JSON has no form for, else empty ones."""
    match value:
        case bytes() | bytearray():
            return "$bytes", base64.b64encode(value).decode()
        case Decimal():
            return "$decimal", str(value)
        case float() if not math.isfinite(value):
            return "$float", str(value)
        case datetime():
            return "$timestamp", value.isoformat()
        case _:
            return "", ""
