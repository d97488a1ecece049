"""Properties are read as pamqp decodes them with the tolerance patch."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from tests.bad_input.undecodable import UNDECODABLE
from tests.support.examples import examples
from tests.support.raw_publisher import (
    PROPERTIES,
    RawProperties,
    content_header,
    header,
    long,
    short,
    table,
    text_header,
)
from worker.infra.messaging.amqp.content_header import ContentHeaders
from worker.infra.messaging.amqp.tolerant_properties import tolerate_undecodable_properties

USUAL = Basic.Properties(
    content_type="application/json",
    headers={"x-delivery-count": 0},
    delivery_mode=2,
    message_id="id-1",
    message_type="inventory.car-created.v1",
    app_id="/dealers",
)
TABLES = [
    table(),
    table(header(b"x-delivery-count", b"l", bytes(8))),
    table(text_header(b"traceparent", b"00"), header(b"CC", b"A", long(b"S" + long(b"key")))),
    *(odd.properties["headers"] for odd in UNDECODABLE.values() if "headers" in odd.properties),
]

TEXTS = st.text(max_size=60).map(str.encode).map(short) | st.binary(max_size=255).map(short)
VALUES = {
    **dict.fromkeys(PROPERTIES, TEXTS),
    **dict.fromkeys(("delivery_mode", "priority"), st.binary(min_size=1, max_size=1)),
    "headers": st.sampled_from(TABLES),
    "timestamp": st.integers(0, 2**33).map(struct.Struct(">Q").pack)
    | st.binary(min_size=8, max_size=8),
}
ANY = st.fixed_dictionaries({}, optional=VALUES)


@pytest.fixture(scope="module", autouse=True)
def tolerance() -> None:
    tolerate_undecodable_properties()


def told(properties: Basic.Properties | None) -> str:
    return repr(None if properties is None else dict(properties))


def by_pamqp(raw: bytes) -> str:
    decoded = ContentHeader()
    try:
        decoded.unmarshal(raw)
    except Exception:  # noqa: BLE001 - whatever pamqp raises
        return told(None)
    return told(decoded.properties)


@examples(500)
@given(st.lists(ANY, min_size=1, max_size=3))
def test_any_properties_are_read_as_by_pamqp(messages: list[RawProperties]) -> None:
    headers = ContentHeaders()

    for raw in (content_header(message, body_size=7) for message in messages):
        assert told(headers.properties(raw)) == by_pamqp(raw)


@examples(200)
@given(ANY, st.integers(0, 3), st.data())
def test_what_is_cut_off_or_has_flags_of_no_property_is_read_as_by_pamqp(
    message: RawProperties, flags: int, data: st.DataObject
) -> None:
    whole = bytearray(content_header(message, body_size=7))
    whole[13] |= flags
    raw = bytes(whole[: data.draw(st.integers(12, len(whole)))])

    assert told(ContentHeaders().properties(raw)) == by_pamqp(raw)


def test_usual_properties_do_not_need_pamqp(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = ContentHeader(body_size=7, properties=USUAL).marshal()
    monkeypatch.delattr(ContentHeader, "unmarshal")

    assert told(ContentHeaders().properties(raw)) == told(USUAL)


def test_equal_headers_are_not_shared_between_messages() -> None:
    headers = ContentHeaders()
    raw = ContentHeader(properties=USUAL).marshal()
    first, second = headers.properties(raw), headers.properties(raw)
    assert first is not None
    assert second is not None

    first.headers = first.headers or {}
    first.headers["x-delivery-count"] = 9

    assert second.headers == {"x-delivery-count": 0}
