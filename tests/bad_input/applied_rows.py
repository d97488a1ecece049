"""Good cars with properties, headers and JSON that look odd, and must harm nobody."""

from datetime import UTC, datetime

from tests.bad_input.envelope_rows import STRUCTURED, binary, structured
from tests.bad_input.row import CREATED, Row, Rows, car, text_of_car
from tests.bad_input.undecodable import FIELD_TYPES, UNDECODABLE, nested_tables
from tests.support.raw_publisher import header, long, short, table, text_header, timestamp

_CC = header(b"CC", b"A", long(b"S" + long(b"elsewhere")))


def _with(**properties: bytes | None) -> Row:
    return Row(None, properties=properties)


def _named(prefix: str) -> Row:
    """CloudEvents in binary mode, with nothing in the properties."""
    attributes = {"specversion": b"1.0", "id": b"of-" + prefix.encode(), "type": CREATED.encode()}
    headers = [text_header(f"{prefix}{key}".encode(), value) for key, value in attributes.items()]
    source = text_header(f"{prefix}source".encode(), b"/dealers")
    return _with(message_id=None, type=None, headers=table(*headers, source))


_PROPERTIES: Rows = {
    "timestamp-in-seconds": _with(timestamp=timestamp(1_770_000_000)),
    "timestamp-in-milliseconds": _with(timestamp=timestamp(1_770_000_000_000)),
    "timestamp-zero": _with(timestamp=timestamp(0)),
    "priority-0": _with(priority=b"\x00"),
    "priority-255": _with(priority=b"\xff"),
    "expiration": _with(expiration=short(b"600000")),
    "reply-to": _with(reply_to=short(b"amq.rabbitmq.reply-to.nobody")),
    "no-correlation-id": _with(correlation_id=None),
    "cluster-id": _with(cluster_id=short(b"rabbit")),
    "not-persistent": _with(delivery_mode=b"\x01"),
    "no-delivery-mode": _with(delivery_mode=None),
    "no-content-type": _with(content_type=None),
    "charset": _with(content_type=short(b'Application/JSON; charset="UTF-8"; v=1')),
    "content-encoding-utf-8": _with(content_encoding=short(b"utf-8")),
    "id-of-255-bytes": _with(message_id=short(b"x" * 255)),
    "id-in-mexican": _with(message_id=short("Camión 1".encode())),
}

_HEADERS: Rows = {
    "header-value-not-utf-8": _with(headers=table(text_header(b"k", b"\xff\xfe"))),
    "nested-tables": _with(headers=table(header(b"k", b"F", nested_tables(10)))),
    "200-headers": _with(headers=table(*(text_header(b"k%d" % i, b"v") for i in range(200)))),
    "60-kib-of-headers": _with(
        headers=table(*(text_header(b"k%d" % i, b"v" * 1014) for i in range(60)))
    ),
    "120-kib-of-headers": _with(
        headers=table(*(text_header(b"k%d" % i, b"v" * 1014) for i in range(120)))
    ),
    "header-named-by-200-bytes": _with(headers=table(text_header(b"k" * 200, b"v"))),
    "header-given-twice": _with(headers=table(text_header(b"k", b"a"), text_header(b"k", b"b"))),
    "header-without-name": _with(headers=table(text_header(b"", b"v"))),
    "carbon-copy": _with(headers=table(_CC)),
    "forged-delivery-count": _with(
        headers=table(header(b"x-delivery-count", b"l", (99).to_bytes(8)))
    ),
    "forged-death": _with(headers=table(text_header(b"x-death", b"often"))),
    **{
        f"header-of-type-{type_.decode()}": _with(headers=table(header(b"k", type_, value)))
        for type_, value in FIELD_TYPES.items()
    },
}

_CLOUD_EVENTS: Rows = {
    "binary-with-hyphen": _named("ce-"),
    "binary-with-underscore": _named("cloudEvents_"),
    "binary-with-colon": _named("cloudEvents:"),
    "binary-that-agrees-with-the-properties": _with(headers=binary(ce_type=CREATED.encode())),
    "binary-with-a-message-id-made-up": _with(
        message_id=short(b"made-up"), headers=binary(ce_id=b"meant")
    ),
    "structured": structured(None),
    "structured-with-a-message-id-made-up": Row(
        None,
        structured(None, id="meant-as-well").body,
        {"content_type": STRUCTURED, "message_id": short(b"made-up")},
    ),
    "structured-with-extensions": structured(None, traceparent="00-1", subject=None),
}

_JSON: Rows = {
    "unknown-fields": Row(None, car(colour="red", options=[{"name": "roof"}], sold=None)),
    "unknown-field-of-strange-text": Row(None, car(note="\x00\ud800")),
    "unknown-field-of-many-digits": Row(None, text_of_car(note="9" * 10_000)),
    "unknown-field-nested-500-deep": Row(None, text_of_car(note="[" * 500 + "]" * 500)),
    "price-as-integer": Row(None, text_of_car(price_mxn="349999")),
    "price-as-number": Row(None, text_of_car(price_mxn="349999.5")),
    "price-as-highest-number": Row(None, text_of_car(price_mxn="9999999999.99")),
    "price-of-one-centavo": Row(None, car(price_mxn="0.01")),
    "next-years-model": Row(None, car(year=datetime.now(UTC).year + 1)),
    "microseconds": Row(None, car(occurred_at="2026-02-01t03:59:58.123456z")),
    "names-with-blanks-around": Row(None, car(make="  Citroën ", model="\u3000C3\t")),
    "names-of-80-characters": Row(None, car(make="Š" * 80, model="🚗" * 80)),
    "256kib": Row(None, text_of_car().ljust(256 * 1024)),
}

APPLIED_ROWS: Rows = {
    **_PROPERTIES,
    **_HEADERS,
    **_CLOUD_EVENTS,
    **_JSON,
    **{
        name: Row(None, properties=frame.properties, routing_key=frame.routing_key)
        for name, frame in UNDECODABLE.items()
    },
}
