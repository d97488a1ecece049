"""Whatever arrives is a command or a failure: never another exception."""

import json
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pamqp.commands import Basic

from tests.bad_input.row import GOOD
from tests.support.arbitrary import JSON, PROPERTIES, WIRE_TEXT
from tests.support.examples import examples
from tests.support.messages import clock, message_with
from worker.application.commands import CommandMessage
from worker.application.digest import DIGEST_BYTES
from worker.application.outcomes import Failure
from worker.infra.messaging.events.decoding import Decoder
from worker.infra.messaging.events.invalid_message import InvalidMessageError
from worker.infra.messaging.names import EVENTS_EXCHANGE, WORKER_EXCHANGE

PLAIN = Basic.Properties(message_id="id-1", message_type="inventory.car-created.v1")
STRUCTURED = Basic.Properties(content_type="application/cloudevents+json")
EVENT = {"specversion": "1.0", "id": "a", "source": "/s", "type": "inventory.car-created.v1"}

EXCHANGES = st.sampled_from([EVENTS_EXCHANGE, WORKER_EXCHANGE])
MANY = examples(300)


def assert_decoded(
    body: bytes, properties: Basic.Properties, exchange: str = EVENTS_EXCHANGE
) -> None:
    """Fails unless it becomes a command that can be stored, or a failure that can be told."""
    outcome = decoded(body, properties, exchange)
    if isinstance(outcome, Failure):
        assert outcome.detail.isprintable()
    else:
        assert_storable(outcome)


def decoded(body: bytes, properties: Basic.Properties, exchange: str) -> CommandMessage | Failure:
    try:
        return Decoder(clock).decode(message_with(body, properties, exchange))
    except InvalidMessageError as invalid:
        return invalid.failure


def assert_storable(message: CommandMessage) -> None:
    for text in (*message.identity, message.type, message.command.car_id):
        assert len(text.encode()) <= 255
        assert "\x00" not in text
    assert message.identity.message_id
    assert len(message.digest) == DIGEST_BYTES


@MANY
@given(st.binary(), PROPERTIES, EXCHANGES)
def test_any_bytes_with_any_properties(
    body: bytes, properties: Basic.Properties, exchange: str
) -> None:
    assert_decoded(body, properties, exchange)


@MANY
@given(JSON, PROPERTIES, EXCHANGES)
def test_any_json_with_any_properties(
    document: Any, properties: Basic.Properties, exchange: str
) -> None:
    assert_decoded(json.dumps(document).encode(), properties, exchange)


@MANY
@given(PROPERTIES, EXCHANGES)
def test_a_good_car_with_any_properties(properties: Basic.Properties, exchange: str) -> None:
    assert_decoded(json.dumps(GOOD).encode(), properties, exchange)


@MANY
@given(st.dictionaries(st.sampled_from([*GOOD, "note"]), JSON | WIRE_TEXT))
def test_a_good_car_with_any_fields(fields: dict[str, Any]) -> None:
    assert_decoded(json.dumps({**GOOD, **fields}).encode(), PLAIN)


@MANY
@given(st.dictionaries(st.sampled_from([*EVENT, "data", "data_base64"]), JSON))
def test_a_structured_event_with_any_attributes(attributes: dict[str, Any]) -> None:
    assert_decoded(json.dumps({**EVENT, "data": GOOD, **attributes}).encode(), STRUCTURED)


@MANY
@given(
    st.sampled_from([*GOOD]),
    st.from_regex(r"-?[0-9]{1,30}(\.[0-9]{1,9})?([eE][+-]?[0-9]{1,5})?", fullmatch=True),
)
def test_a_good_car_with_any_number(field: str, number: str) -> None:
    text = json.dumps({**GOOD, field: "@"}).replace('"@"', number)

    assert_decoded(text.encode(), PLAIN)


@pytest.mark.parametrize("brackets", ["[]", "{}"])
@pytest.mark.parametrize("where", ["body", "make", "data", "id"])
def test_nesting_of_every_depth_around_what_python_can_bear(brackets: str, where: str) -> None:
    for depth in range(1, sys.getrecursionlimit() + 50):
        value = nested(depth, brackets)
        match where:
            case "body":
                assert_decoded(value.encode(), PLAIN)
            case "make":
                assert_decoded(with_text(GOOD, where, value), PLAIN)
            case _:
                assert_decoded(with_text({**EVENT, "data": GOOD}, where, value), STRUCTURED)


def nested(depth: int, brackets: str) -> str:
    if brackets == "[]":
        return "[" * depth + "]" * depth
    return '{"a":' * depth + "1" + "}" * depth


def with_text(document: dict[str, Any], field: str, text: str) -> bytes:
    return json.dumps({**document, field: "@"}).replace('"@"', text).encode()
