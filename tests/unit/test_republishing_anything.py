"""A copy of whatever arrived can be sent, cannot harm, and names what it lacks."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pamqp import encode
from pamqp.commands import Basic
from pamqp.common import FieldTable

from tests.support.arbitrary import HEADERS, PROPERTIES
from tests.support.examples import examples
from worker.infra.messaging.amqp.republished import (
    DROPPED_HEADERS,
    LARGEST_HEADERS_BYTES,
    republished_properties,
)
from worker.infra.messaging.headers import NO_MESSAGE_ID, OURS

BOOKKEEPING: FieldTable = {"x-error-code": "invalid-event", "x-error-detail": "d" * 2048}
MANY = examples(200)

LARGE_HEADERS = st.dictionaries(
    st.text(max_size=200), st.integers(0, 70_000).map(lambda length: "é" * length), max_size=5
)


def headers_of(copy: Basic.Properties) -> dict[str, Any]:
    assert copy.headers is not None
    return copy.headers


@MANY
@given(PROPERTIES, HEADERS | LARGE_HEADERS)
def test_a_copy_of_anything_can_be_sent_and_cannot_harm(
    properties: Basic.Properties, more: dict[str, Any]
) -> None:
    properties.headers = {**(properties.headers or {}), **more}

    copy = republished_properties(properties, BOOKKEEPING)

    assert copy.marshal()
    headers = headers_of(copy)
    assert len(encode.field_table(headers)) <= LARGEST_HEADERS_BYTES
    assert headers.items() >= BOOKKEEPING.items()
    assert copy.delivery_mode == 2
    assert (copy.expiration, copy.user_id, copy.reply_to) == (None, None, None)
    assert not {"CC", "BCC"} & headers.keys()
    assert not any(
        name.startswith(("x-death", "x-delivery-count", "x-acquired-count")) for name in headers
    )


@MANY
@given(PROPERTIES)
def test_what_is_missing_in_a_copy_is_named(properties: Basic.Properties) -> None:
    copy = republished_properties(properties, BOOKKEEPING)

    headers, before = headers_of(copy), properties.headers or {}
    lost = [name for name in before if name not in headers and is_publishers(name)]
    assert all((ascii(name)[1:-1] or "''") in headers[DROPPED_HEADERS] for name in lost)


@MANY
@given(PROPERTIES)
def test_a_copy_of_a_copy_is_the_same(properties: Basic.Properties) -> None:
    copy = republished_properties(properties, BOOKKEEPING)
    copy.message_id = copy.message_id or "made up by aiormq"

    again = republished_properties(copy, BOOKKEEPING)

    again.message_id = again.message_id or "made up by aiormq"
    assert again.marshal() == copy.marshal()


def is_publishers(name: str) -> bool:
    brokers = ("x-death", "x-first-death-", "x-last-death-", "x-delivery-count", "x-acquired-count")
    ours = {*OURS, NO_MESSAGE_ID, DROPPED_HEADERS, "CC", "BCC"}
    return name not in ours and not name.startswith(brokers)
