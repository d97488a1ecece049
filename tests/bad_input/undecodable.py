"""Frames that a broker passes on, and that pamqp cannot decode."""

import struct
from typing import NamedTuple

from tests.bad_input.row import CREATED
from tests.support.raw_publisher import (
    RawProperties,
    header,
    long,
    short,
    table,
    text_header,
    timestamp,
)

DEEPER_THAN_PYTHON_CALLS = 1000

_MICROSECONDS = 1_770_000_000_000_000


class Frame(NamedTuple):
    """What is odd about a message."""

    properties: RawProperties
    routing_key: bytes = CREATED.encode()


def nested_tables(depth: int) -> bytes:
    value = table()
    for _ in range(depth):
        value = table(header(b"k", b"F", value))
    return value


def nested_arrays(depth: int) -> bytes:
    value = long(b"")
    for _ in range(depth):
        value = long(b"A" + value)
    return value


def _header(key: bytes, type_: bytes, value: bytes) -> Frame:
    return Frame({"headers": table(text_header(b"before", b"1"), header(key, type_, value))})


UNDECODABLE = {
    "timestamp-in-microseconds": Frame({"timestamp": timestamp(_MICROSECONDS)}),
    "timestamp-in-nanoseconds": Frame({"timestamp": timestamp(_MICROSECONDS * 1000)}),
    "timestamp-negative": Frame({"timestamp": b"\xff" * 8}),
    "reply-to-not-utf-8": Frame({"reply_to": short(b"\xff")}),
    "correlation-id-not-utf-8": Frame({"correlation_id": short(b"\xff")}),
    "header-key-not-utf-8": _header(b"\xff", b"S", long(b"v")),
    "header-key-in-table-not-utf-8": _header(b"k", b"F", table(text_header(b"\xff", b"v"))),
    "header-timestamp-in-microseconds": _header(b"k", b"T", timestamp(_MICROSECONDS)),
    "header-of-deep-tables": _header(b"k", b"F", nested_tables(DEEPER_THAN_PYTHON_CALLS)),
    "header-of-deep-arrays": _header(b"k", b"A", nested_arrays(DEEPER_THAN_PYTHON_CALLS)),
    "routing-key-not-utf-8": Frame(
        {"headers": table(header(b"CC", b"A", long(b"S" + long(CREATED.encode()))))}, b"\xff\xfe"
    ),
}
"""Of good messages. The last is routed to the worker by its `CC` header, whatever its key."""

UNDECODABLE_NAMES = {
    "message-id-not-utf-8": Frame({"message_id": short(b"\xff")}),
    "type-not-utf-8": Frame({"type": short(b"\xff")}),
    "source-not-utf-8": Frame({"app_id": short(b"\xff")}),
    "content-type-not-utf-8": Frame({"content_type": short(b"\xff")}),
}
"""Of messages that are no good because of it."""

FIELD_TYPES = {
    b"t": b"\x01",
    b"b": b"\x80",
    b"B": b"\xff",
    b"s": b"\x80\x00",
    b"u": b"\xff\xff",
    b"I": b"\x80\x00\x00\x00",
    b"i": b"\xff\xff\xff\xff",
    b"l": b"\x80" + b"\x00" * 7,
    b"L": b"\x7f" + b"\xff" * 7,
    b"f": struct.pack(">f", 3.0e38),
    b"d": struct.pack(">d", 1e300),
    b"D": b"\xff\xff\xff\xff\xff",
    b"S": long(b"text"),
    b"x": long(b"\xff\x00"),
    b"A": long(b"t\x01V"),
    b"T": timestamp(1_770_000_000),
    b"F": table(),
    b"V": b"",
}
"""Every type that RabbitMQ takes in a header, and a value near its end."""
