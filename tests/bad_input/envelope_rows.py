"""Good cars in envelopes that cannot be taken."""

import json

from tests.bad_input.row import CREATED, MISSING, Row, Rows, car, text_of_car
from tests.support.raw_publisher import header, short, table, text_header

STRUCTURED = short(b"application/cloudevents+json")


def binary(**attributes: bytes) -> bytes:
    """CloudEvents headers: `ce_id` is `ce-id`."""
    return table(
        *(text_header(name.replace("_", "-").encode(), value) for name, value in attributes.items())
    )


def structured(code: str | None, /, **changes: object) -> Row:
    """A whole CloudEvent as body, right but for what is given; nothing in the properties."""
    event = {
        "specversion": "1.0",
        "id": "CAR-ID",
        "source": "/dealers",
        "type": CREATED,
        "data": car(),
        **changes,
    }
    body = json.dumps({name: value for name, value in event.items() if value is not MISSING})
    properties = {"content_type": STRUCTURED, "message_id": None, "type": None}
    return Row(code, body.encode(), properties)


def _with(code: str, **properties: bytes | None) -> Row:
    return Row(code, properties=properties)


_IDENTITY: Rows = {
    "no-id": _with("missing-message-id", message_id=None),
    "empty-id": _with("missing-message-id", message_id=short(b"")),
    "id-of-300-bytes": _with("invalid-event", message_id=None, headers=binary(ce_id=b"x" * 300)),
    "id-with-control-character": _with("invalid-event", message_id=short(b"a\nb")),
    "id-with-c1-control-character": _with("invalid-event", message_id=short("a\x85b".encode())),
    "id-with-null-character": _with("invalid-event", message_id=short(b"a\x00b")),
    "id-with-escape-sequence": _with("invalid-event", message_id=short(b"\x1b[2J")),
    "id-not-utf-8": _with("invalid-event", message_id=short(b"\xff\xfe")),
    "id-a-number": _with(
        "invalid-event", message_id=None, headers=table(header(b"ce-id", b"I", b"\x00\x00\x00\x07"))
    ),
    "source-with-control-character": _with("invalid-event", app_id=short(b"a\x1bb")),
    "source-not-utf-8": _with("invalid-event", app_id=short(b"\xff")),
    "source-of-300-bytes": _with("invalid-event", headers=binary(ce_source=b"x" * 300)),
}

_TYPE: Rows = {
    "no-type": _with("invalid-event", type=None),
    "empty-type": _with("invalid-event", type=short(b"")),
    "type-not-utf-8": _with("invalid-event", type=short(b"\xff")),
    "unknown-type": _with("unknown-type", type=short(b"inventory.car-created.v9")),
    "type-in-capitals": _with("unknown-type", type=short(CREATED.upper().encode())),
    "type-contradicts-attribute": _with("invalid-event", headers=binary(ce_type=b"another")),
}

_BINARY: Rows = {
    "mixed-prefixes": _with(
        "invalid-event",
        headers=table(text_header(b"ce-id", b"a"), text_header(b"cloudEvents:id", b"a")),
    ),
    "specversion-0-3": _with("invalid-event", headers=binary(ce_specversion=b"0.3")),
}

_STRUCTURED: Rows = {
    "structured-without-specversion": structured("invalid-event", specversion=MISSING),
    "structured-without-id": structured("missing-message-id", id=MISSING),
    "structured-without-source": structured("invalid-event", source=MISSING),
    "structured-without-type": structured("invalid-event", type=MISSING),
    "structured-with-empty-id": structured("missing-message-id", id=""),
    "structured-with-null-source": structured("invalid-event", source=None),
    "structured-specversion-a-number": structured("invalid-event", specversion=1.0),
    "structured-specversion-2": structured("invalid-event", specversion="2.0"),
    "structured-id-a-number": structured("invalid-event", id=17),
    "structured-id-an-array": structured("invalid-event", id=["a"]),
    "structured-source-an-object": structured("invalid-event", source={"name": "dealer"}),
    "structured-type-unknown": structured("unknown-type", type="inventory.car-sold.v1"),
    "structured-id-with-lone-surrogate": structured("invalid-event", id="\ud800"),
    "structured-without-data": structured("invalid-event", data=MISSING),
    "structured-with-data-as-text": structured("invalid-event", data=text_of_car().decode()),
    "structured-with-data-in-base64": structured("invalid-event", data=MISSING, data_base64="e30="),
    "structured-body-a-string": Row("invalid-event", b'"car"', {"content_type": STRUCTURED}),
    "structured-id-contradicts-the-header": Row(
        "invalid-event",
        structured(None).body,
        {"content_type": STRUCTURED, "headers": binary(ce_id=b"another")},
    ),
    "structured-body-not-json": Row("malformed-json", b"<car/>", {"content_type": STRUCTURED}),
}

_FORM: Rows = {
    "300-kib": Row("too-large", car(note="x" * 300 * 1024)),
    "10-mib": Row("too-large", car(note="x" * 10 * 1024**2)),
    "one-byte-too-large": Row("too-large", text_of_car().ljust(256 * 1024 + 1)),
    "gzip": _with("unsupported-encoding", content_encoding=short(b"gzip")),
    "plain-text": _with("unsupported-encoding", content_type=short(b"text/plain")),
    "octet-stream": _with("unsupported-encoding", content_type=short(b"application/octet-stream")),
    "avro": _with("unsupported-encoding", content_type=short(b"application/cloudevents+avro")),
    "batch": _with(
        "unsupported-encoding", content_type=short(b"application/cloudevents-batch+json")
    ),
    "latin-1-charset": _with(
        "unsupported-encoding", content_type=short(b"application/json; charset=ISO-8859-1")
    ),
    "amqp-value": Row(  # as RabbitMQ 3.10, 4.0 and 4.3 hand it on
        "unsupported-encoding", b"\x00Sw\xa1\x02{}", {"type": short(b"amqp-1.0")}
    ),
    "content-type-not-utf-8": _with("unsupported-encoding", content_type=short(b"\xff")),
}

ENVELOPE_ROWS: Rows = {**_IDENTITY, **_TYPE, **_BINARY, **_STRUCTURED, **_FORM}
