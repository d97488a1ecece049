"""Where decoding begins to refuse: sizes, encodings, and which code wins."""

import json
from typing import Any

import pytest
from pamqp.commands import Basic

from tests.support.car_events import creation
from tests.support.messages import clock, message_with
from worker.application.commands import CommandMessage
from worker.application.outcomes import Failure
from worker.domain.error_code import ErrorCode
from worker.infra.messaging.events.decoding import Decoder

EVENT = creation("a")
LIMIT = 262_144
TOO_LATE = "2026-11-22T12:05:01Z"
STRUCTURED = {"specversion": "1.0", "id": "i", "source": "/s", "type": EVENT.type}


def decode(body: bytes = EVENT.body, **properties: Any) -> CommandMessage | Failure:
    named = Basic.Properties(message_id="i", message_type=EVENT.type, **properties)
    return Decoder(clock).try_decode(message_with(body, named))


def decode_structured(event: object) -> CommandMessage | Failure:
    properties = Basic.Properties(content_type="application/cloudevents+json")
    return Decoder(clock).try_decode(message_with(json.dumps(event).encode(), properties))


def code_of(outcome: CommandMessage | Failure) -> ErrorCode:
    assert isinstance(outcome, Failure)
    return outcome.code


def test_a_body_may_have_256_kib_and_not_a_byte_more() -> None:
    assert isinstance(decode(EVENT.body.ljust(LIMIT)), CommandMessage)

    too_large = decode(EVENT.body.ljust(LIMIT + 1))

    assert too_large == Failure(ErrorCode.TOO_LARGE, "body: found 262145 bytes, allowed are 262144")


@pytest.mark.parametrize("encoding", [None, "", "identity", "utf-8", "UTF-8", "utf8"])
def test_content_that_is_not_encoded_is_taken(encoding: str | None) -> None:
    assert isinstance(decode(content_encoding=encoding), CommandMessage)


@pytest.mark.parametrize("encoding", ["gzip", "base64", "utf-16"])
def test_encoded_content_is_refused(encoding: str) -> None:
    assert code_of(decode(content_encoding=encoding)) is ErrorCode.UNSUPPORTED_ENCODING


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        'application/json ; charset = "UTF-8"',
        "application/json;charset=utf8;profile=x",
    ],
)
def test_json_in_utf_8_is_taken_however_it_is_said(content_type: str | None) -> None:
    assert isinstance(decode(content_type=content_type), CommandMessage)


@pytest.mark.parametrize(
    ("content_type", "allowed"),
    [
        ("text/plain", "application/json or application/cloudevents+json"),
        ("application/xml; charset=utf-8", "application/json or application/cloudevents+json"),
        ("application/json; charset=latin-1", "charset utf-8"),
        ("application/json; profile=x; charset=utf-16", "charset utf-8"),
    ],
)
def test_other_content_is_refused(content_type: str, allowed: str) -> None:
    assert decode(content_type=content_type) == Failure(
        ErrorCode.UNSUPPORTED_ENCODING,
        f"content_type: found {content_type!r}, allowed is {allowed}",
    )


def test_structured_mode_takes_its_data_from_the_event() -> None:
    decoded = decode_structured({**STRUCTURED, "data": EVENT.data})

    assert isinstance(decoded, CommandMessage)
    assert (decoded.identity, decoded.command.car_id) == (("/s", "i"), "a")


@pytest.mark.parametrize(
    ("missing", "code"),
    [
        (("id",), ErrorCode.MISSING_MESSAGE_ID),
        (("id", "source"), ErrorCode.MISSING_MESSAGE_ID),
        (("type",), ErrorCode.INVALID_EVENT),
        (("specversion", "source"), ErrorCode.INVALID_EVENT),
    ],
)
@pytest.mark.parametrize("empty", [None, ""])
def test_attributes_that_a_structured_event_lacks_are_named(
    missing: tuple[str, ...], code: ErrorCode, empty: object
) -> None:
    without = {**STRUCTURED, **dict.fromkeys(missing, empty)}
    named = [name for name in ("specversion", "id", "source", "type") if name in missing]

    assert decode_structured(without) == Failure(
        code, f"CloudEvents attribute missing: {', '.join(named)}"
    )


@pytest.mark.parametrize(("event", "found"), [([], "an array"), (None, "null"), ("x", "'x'")])
def test_a_structured_event_that_is_no_object_is_refused(event: object, found: str) -> None:
    assert decode_structured(event) == Failure(
        ErrorCode.INVALID_EVENT, f"body: found {found}, allowed is a CloudEvents JSON object"
    )


@pytest.mark.parametrize("data", [None, [], "x"])
def test_structured_data_that_is_no_object_is_refused(data: object) -> None:
    outcome = decode_structured({**STRUCTURED, "data": data})

    assert code_of(outcome) is ErrorCode.INVALID_EVENT


def test_an_unknown_type_is_told_the_known_ones() -> None:
    outcome = decode_structured({**STRUCTURED, "type": "other"})

    assert outcome == Failure(
        ErrorCode.UNKNOWN_TYPE,
        "type: found 'other', allowed are inventory.car-created.v1, "
        "inventory.price-changed.v1, inventory.car-withdrawn.v1, "
        "inventory.financing-plan-offered.v1",
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"occurred_at": TOO_LATE}, ErrorCode.OCCURRED_IN_FUTURE),
        ({"occurred_at": TOO_LATE, "year": "x"}, ErrorCode.INVALID_EVENT),
        ({"year": "x"}, ErrorCode.INVALID_EVENT),
        ({"year": "x", "make": None}, ErrorCode.INVALID_EVENT),
    ],
)
def test_a_date_in_the_future_counts_only_where_nothing_else_is_wrong(
    changes: dict[str, Any], code: ErrorCode
) -> None:
    assert code_of(decode(creation("a", **changes).body)) is code


def test_every_wrong_field_is_told_in_one_line() -> None:
    data = {name: value for name, value in creation("a", year="x").data.items() if name != "make"}

    outcome = decode(json.dumps(data).encode())

    assert outcome == Failure(
        ErrorCode.INVALID_EVENT,
        "make: is missing, required are car_id, make, model, year, price_mxn, occurred_at; "
        "year: found 'x', allowed is a JSON number",
    )
