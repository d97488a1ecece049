from datetime import UTC, datetime
from typing import Any

import pytest
from pamqp.commands import Basic

from tests.support.messages import message_with
from worker.domain.error_code import ErrorCode
from worker.infra.messaging.events.envelope import CLOUD_EVENT_PREFIXES, Envelope, read_envelope
from worker.infra.messaging.events.invalid_message import InvalidMessageError
from worker.infra.messaging.headers import NO_MESSAGE_ID

BINARY = {"ce-specversion": "1.0", "ce-id": "i", "ce-source": "/s", "ce-type": "t"}
STRUCTURED = {"specversion": "1.0", "id": "i", "source": "/s", "type": "t"}


def read(
    headers: dict[str, Any] | None = None,
    structured: dict[str, Any] | None = None,
    **properties: Any,
) -> Envelope:
    message = message_with(b"", Basic.Properties(headers=headers, **properties))
    return read_envelope(message, structured)


def refused(
    headers: dict[str, Any] | None = None,
    structured: dict[str, Any] | None = None,
    **properties: Any,
) -> tuple[ErrorCode, str]:
    with pytest.raises(InvalidMessageError) as refusal:
        read(headers, structured, **properties)
    return refusal.value.failure.code, refusal.value.failure.detail


def told(envelope: Envelope) -> tuple[str, str, str]:
    return *envelope.identity, envelope.type


def test_plain_amqp_tells_all_in_its_properties() -> None:
    envelope = read(message_id="i", message_type="t", app_id="/s")

    assert told(envelope) == ("/s", "i", "t")


@pytest.mark.parametrize("app_id", [None, ""])
def test_a_message_without_a_source_has_the_empty_one(app_id: str | None) -> None:
    assert told(read({"other": 1}, message_id="i", message_type="t", app_id=app_id))[0] == ""


@pytest.mark.parametrize("prefix", CLOUD_EVENT_PREFIXES)
def test_binary_mode_tells_all_in_its_headers_by_each_prefix(prefix: str) -> None:
    attributes = {prefix + name.removeprefix("ce-"): value for name, value in BINARY.items()}

    assert told(read({"other": 1, **attributes})) == ("/s", "i", "t")


def test_structured_mode_tells_all_in_its_body() -> None:
    assert told(read(structured=STRUCTURED)) == ("/s", "i", "t")


def test_what_is_told_twice_and_alike_is_taken() -> None:
    envelope = read(BINARY, STRUCTURED, message_id="i", message_type="t", app_id="/other")

    assert told(envelope) == ("/s", "i", "t")


@pytest.mark.parametrize(
    ("headers", "structured"), [(BINARY, None), (None, STRUCTURED), (BINARY, STRUCTURED)]
)
def test_the_id_of_a_cloud_event_counts_whatever_the_property_is(
    headers: dict[str, Any] | None, structured: dict[str, Any] | None
) -> None:
    assert told(read(headers, structured, message_id="made up")) == ("/s", "i", "t")


@pytest.mark.parametrize(
    ("headers", "properties", "says"),
    [
        ({**BINARY, "ce-id": "other"}, {}, "message id: .* say 'i' and 'other'"),
        (BINARY, {"message_type": "other"}, "type: .* say 'other' and 't'"),
        ({**BINARY, "ce-source": "/other"}, {}, "source: .* say '/other' and '/s'"),
    ],
)
def test_what_is_told_twice_and_differently_is_refused(
    headers: dict[str, Any], properties: dict[str, Any], says: str
) -> None:
    with pytest.raises(InvalidMessageError, match=says):
        read(headers, STRUCTURED, **properties)


def test_two_prefixes_in_one_message_are_refused() -> None:
    code, detail = refused({**BINARY, "cloudEvents_id": "i"})

    assert code is ErrorCode.INVALID_EVENT
    assert "mix the CloudEvents prefixes ce- and cloudEvents_" in detail


@pytest.mark.parametrize("version", ["0.3", "1.1", 1, None])
def test_another_version_of_cloud_events_is_refused(version: object) -> None:
    assert refused({**BINARY, "ce-specversion": version})[1].startswith("specversion: found ")
    assert refused(None, {**STRUCTURED, "specversion": version})[1].startswith("specversion: ")


def test_binary_attributes_need_no_version() -> None:
    assert told(read({"ce-id": "i", "ce-type": "t"}))[1:] == ("i", "t")


@pytest.mark.parametrize("message_id", [None, ""])
def test_a_message_without_an_id_is_refused(message_id: str | None) -> None:
    assert refused(message_id=message_id, message_type="t")[0] is ErrorCode.MISSING_MESSAGE_ID


def test_an_id_that_a_client_made_up_for_our_copy_is_none() -> None:
    made_up: dict[str, Any] = {"message_id": "made up", "message_type": "t"}

    assert refused({NO_MESSAGE_ID: True}, **made_up)[0] is ErrorCode.MISSING_MESSAGE_ID
    assert told(read({NO_MESSAGE_ID: True, **BINARY}, **made_up)) == ("/s", "i", "t")


@pytest.mark.parametrize("message_type", [None, ""])
def test_a_message_without_a_type_is_refused(message_type: str | None) -> None:
    code, detail = refused(message_id="i", message_type=message_type)

    assert (code, "neither the property type" in detail) == (ErrorCode.INVALID_EVENT, True)


@pytest.mark.parametrize("text", ["x" * 255, "é" * 127 + "x", " ", "~", "\u2028"])
def test_ids_of_at_most_255_bytes_without_control_characters_are_taken(text: str) -> None:
    assert told(read(message_id=text, message_type=text, app_id=text)) == (text, text, text)


@pytest.mark.parametrize(
    "text", ["x" * 256, "é" * 128, "a\n", "a\x7f", "é\x85", "é\x00", "é\udcff", "\udcff"]
)
@pytest.mark.parametrize("property_", ["message_id", "message_type", "app_id"])
def test_other_ids_are_refused(text: str, property_: str) -> None:
    properties: dict[str, Any] = {"message_id": "i", "message_type": "t", property_: text}

    code, detail = refused(**properties)

    assert code is ErrorCode.INVALID_EVENT
    assert "allowed are at most 255 bytes of UTF-8 without control characters" in detail


@pytest.mark.parametrize("value", [7, True, b"i", ["i"], {"i": 1}])
def test_an_id_that_is_no_text_is_refused(value: object) -> None:
    code, detail = refused({**BINARY, "ce-id": value})

    assert (code, "allowed is text in UTF-8" in detail) == (ErrorCode.INVALID_EVENT, True)


def test_the_type_that_the_amqp_1_0_plugin_of_rabbitmq_3_makes_up_plays_no_part() -> None:
    """Seen on 3.10.8, for a body in a data section; the plugin hides the publisher's attributes."""
    made_up = {
        "x-amqp-1.0-properties": b"\x00Ss\xc0%\x07@@@@@@\xa3\x1capplication/cloudevents+json"
    }

    assert told(read(made_up, structured=STRUCTURED, message_type="binary")) == ("/s", "i", "t")
    code, detail = refused(made_up, message_id="i", message_type="binary")
    assert (code, detail) == (
        ErrorCode.INVALID_EVENT,
        "neither the property type nor a CloudEvents type is set",
    )


def test_what_rabbitmq_4_makes_of_a_message_in_amqp_1_0_tells_all() -> None:
    """Seen on 4.0.5 and 4.3.6; `subject` is nowhere, `group-id` is `app_id`."""
    cloud_event = {
        "cloudEvents:id": "i",
        "cloudEvents:source": "/s",
        "cloudEvents:specversion": "1.0",
        "cloudEvents:time": datetime(2026, 1, 1, tzinfo=UTC),
        "cloudEvents:type": "t",
    }

    assert told(read(cloud_event, message_id="m")) == ("/s", "i", "t")
    assert told(read(message_id="12345", message_type="t", app_id="/s")) == ("/s", "12345", "t")
    code, _ = refused({"x-message-id": bytearray(b"i")}, message_type="t")
    assert code is ErrorCode.MISSING_MESSAGE_ID
