"""Strategies for any input: properties and headers as pamqp decodes them, and JSON."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st
from pamqp.commands import Basic

WIRE_TEXT = st.binary(max_size=255).map(lambda raw: raw.decode("utf-8", "surrogateescape"))
"""Every text of at most 255 bytes; bytes that are not UTF-8 are lone surrogates."""

_INSTANTS = st.integers(0, 2**32).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(2**31), places=3, max_value=9),
    st.text(max_size=300),
    st.binary(max_size=300),
    st.binary(max_size=300).map(bytearray),
    _INSTANTS,
)
_KEYS = st.text(max_size=60)
HEADER_VALUES: st.SearchStrategy[Any] = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=8,
)

_CLOUD_EVENTS = [
    prefix + name
    for prefix in ("ce-", "cloudEvents_", "cloudEvents:")
    for name in ("specversion", "id", "source", "type", "time")
]
_OURS = ["x-attempts", "x-replays", "x-error-code", "x-original-exchange", "x-replaces"]
_BROKERS = ["x-death", "x-first-death-queue", "x-delivery-count", "x-acquired-count", "CC", "BCC"]
_MARKS = ["x-no-message-id", "x-dropped-headers", "x-undecodable"]
HEADERS = st.dictionaries(
    _KEYS | st.sampled_from([*_CLOUD_EVENTS, *_OURS, *_BROKERS, *_MARKS]),
    HEADER_VALUES | st.sampled_from(["1.0", "id-1", "inventory.price-changed.v1"]),
    max_size=6,
)

_TYPES = ["inventory.car-created.v1", "inventory.price-changed.v1"]
_CONTENT_TYPES = ["application/json", "application/cloudevents+json", "application/json; charset="]


def _maybe(strategy: st.SearchStrategy[Any], *likely: str) -> st.SearchStrategy[Any]:
    return st.sampled_from([None, *likely]) | strategy


PROPERTIES = st.builds(
    Basic.Properties,
    content_type=_maybe(WIRE_TEXT, *_CONTENT_TYPES),
    content_encoding=_maybe(WIRE_TEXT, "utf-8"),
    headers=st.none() | HEADERS,
    delivery_mode=st.none() | st.sampled_from([1, 2]),
    priority=st.none() | st.integers(0, 255),
    correlation_id=_maybe(WIRE_TEXT),
    reply_to=_maybe(WIRE_TEXT),
    expiration=_maybe(WIRE_TEXT, "60000"),
    message_id=_maybe(WIRE_TEXT, "id-1"),
    timestamp=st.none() | _INSTANTS,
    message_type=_maybe(WIRE_TEXT, *_TYPES),
    user_id=_maybe(WIRE_TEXT, "guest"),
    app_id=_maybe(WIRE_TEXT),
)

_ANY_TEXT = st.text(st.characters(), max_size=100)
"""With lone surrogates, which JSON can escape."""

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_ANY_TEXT, inner, max_size=4),
    max_leaves=10,
)
