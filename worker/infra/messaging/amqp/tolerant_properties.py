"""Patches pamqp so that messages with undecodable properties still arrive.

pamqp 4.0.1 raises on a `timestamp` in microseconds, on text that is not UTF-8 (a routing key
too: a message reaches us by its `CC` header whatever its key) and on tables nested too deep;
aiormq 7.2.4 then drops the connection before our code sees the message, reconnects, and
receives it again, endlessly: https://github.com/mosquito/aiormq/issues/186.
`tests/integration/test_tolerance_on_the_wire.py` fails once this is no longer needed.
"""

from collections.abc import Iterator

from pamqp import base, decode
from pamqp.commands import Basic
from pamqp.common import FieldTable, FieldValue

UNDECODABLE = "x-undecodable"
"""The header that lists the properties left out because they could not be decoded."""

_LONGEST_NAMES = 1024
_SHORT = {b"t": 1, b"b": 1, b"B": 1, b"s": 2, b"u": 2, b"I": 4, b"i": 4, b"f": 4}
_WIDTHS = {**_SHORT, b"D": 5, b"l": 8, b"L": 8, b"d": 8, b"T": 8, b"V": 0, b"\x00": 0}

_strict_unmarshal = base.BasicProperties.unmarshal


def tolerate_undecodable_properties() -> None:
    """Patches pamqp in this process; idempotent."""
    decode.METHODS["shortstr"] = _short_text
    setattr(Basic.Properties, "unmarshal", _unmarshal)  # noqa: B010 - pamqp offers no hook


def _short_text(value: bytes) -> tuple[int, str]:
    """Decodes a property, routing key or exchange; bytes that are not UTF-8 as lone surrogates."""
    width = 1 + value[0]
    return width, value[1:width].decode("utf-8", "surrogateescape")


def _unmarshal(self: Basic.Properties, flags: int, data: bytes) -> None:
    try:
        _strict_unmarshal(self, flags, data)
    except Exception:  # noqa: BLE001 - no error may close the connection
        _unmarshal_leniently(self, flags, data)


def _unmarshal_leniently(properties: Basic.Properties, flags: int, data: bytes) -> None:
    """Decodes what it can, and records the names of the rest."""
    lost: list[str] = []
    for name in Basic.Properties.attributes():
        if not flags & Basic.Properties.flags[name]:
            continue
        width, value = _property(Basic.Properties.amqp_type(name), data, lost)
        if value is None:
            lost.append(name)
        setattr(properties, name, value)
        data = data[width:]
    if lost:
        names = ", ".join(sorted(lost))[:_LONGEST_NAMES]
        properties.headers = {**(properties.headers or {}), UNDECODABLE: names}


def _property(amqp_type: str, data: bytes, lost: list[str]) -> tuple[int, FieldValue]:
    match amqp_type:
        case "table":
            width = 4 + int.from_bytes(data[:4])
            return width, _table(data[4:width], lost)
        case "timestamp":
            return 8, _or_none(amqp_type, data)
        case _:
            return decode.by_type(data, amqp_type)


def _or_none(amqp_type: str, data: bytes) -> FieldValue:
    try:
        return decode.by_type(data, amqp_type)[1]
    except (ValueError, OverflowError, OSError):
        return None


def _table(data: bytes, lost: list[str]) -> FieldTable:
    table: FieldTable = {}
    for key, field in _fields(data):
        try:
            name = key.decode()
            table[name] = decode.embedded_value(field)[1]
        except Exception:  # noqa: BLE001 - only this header is lost
            lost.append(ascii(key.decode("utf-8", "replace"))[1:-1])
    return table


def _fields(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Splits a table into its keys and values without decoding either."""
    offset = 0
    while offset < len(data):
        start = offset + 1 + data[offset]
        key, type_ = data[offset + 1 : start], data[start : start + 1]
        width = _WIDTHS.get(type_)
        if width is None:
            width = 4 + int.from_bytes(data[start + 1 : start + 5])
        offset = start + 1 + width
        yield key, data[start:offset]
