from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pamqp import encode
from pamqp.commands import Basic
from pamqp.common import FieldTable

from worker.infra.messaging.amqp.republished import (
    DROPPED_HEADERS,
    LARGEST_HEADERS_BYTES,
    republished_properties,
)
from worker.infra.messaging.headers import NO_MESSAGE_ID

LENGTH_BYTES = 4  # before the headers themselves

BOOKKEEPING: FieldTable = {
    "x-error-code": "invalid-event",
    "x-error-detail": "d" * 2048,
    "x-attempts": 1,
    "x-replays": 0,
    "x-original-exchange": "inventory.events",
}


def copy_of(**properties: Any) -> Basic.Properties:
    return republished_properties(Basic.Properties(**properties), BOOKKEEPING)


def headers_of(copy: Basic.Properties) -> dict[str, Any]:
    assert copy.headers is not None
    return copy.headers


def test_content_identity_and_headers_of_the_publisher_are_kept() -> None:
    kept = {
        "content_type": "application/json",
        "priority": 7,
        "correlation_id": "c",
        "message_id": "m",
        "message_type": "t",
        "timestamp": datetime(2026, 1, 1, tzinfo=UTC),
        "app_id": "/dealers",
    }
    headers = {"traceparent": "00-1", "n": 1, "d": Decimal("1.5"), "t": {"a": [True, None]}}

    copy = copy_of(**kept, headers=headers)

    assert {name: getattr(copy, name) for name in kept} == kept
    assert headers_of(copy) == {**headers, **BOOKKEEPING}


def test_what_would_act_on_the_copy_is_moved_aside() -> None:
    copy = copy_of(
        message_id="m",
        expiration="60000",
        user_id="guest",
        reply_to="q",
        headers={"CC": ["a"], "BCC": ["b"]},
    )

    moved = {name: value for name, value in headers_of(copy).items() if name not in BOOKKEEPING}
    assert moved == {
        "x-original-expiration": "60000",
        "x-original-user-id": "guest",
        "x-original-reply-to": "q",
        "x-original-cc": ["a"],
        "x-original-bcc": ["b"],
    }


def test_a_publisher_cannot_hide_what_is_moved_aside() -> None:
    copy = copy_of(expiration="60000", headers={"x-original-expiration": "forged"})

    assert headers_of(copy)["x-original-expiration"] == "60000"


@pytest.mark.parametrize(
    "nameless",
    [
        {"message_id": None},
        {"message_id": ""},
        {"message_id": "made up by aiormq", "headers": {NO_MESSAGE_ID: True}},
        {"message_id": "\udcff"},
    ],
)
def test_a_copy_of_a_nameless_message_says_so(nameless: dict[str, Any]) -> None:
    copy = copy_of(**nameless)

    assert copy.message_id is None
    assert headers_of(copy)[NO_MESSAGE_ID] is True


@pytest.mark.parametrize(
    ("headers", "named"),
    [
        ({"k": b"\xff"}, "k"),
        ({"k" * 129: 1}, "k" * 129),
        ({"k": 2**64}, "k"),
        ({"k": 1e300}, "k"),
        ({"ñ": {"in": b"\xff"}}, r"\xf1"),
        ({"small": "v" * 10, "large": "v" * LARGEST_HEADERS_BYTES}, "large"),
        ({"": b"\xff"}, "''"),
        ({"k": b"\xff", DROPPED_HEADERS: "by an earlier copy"}, "by an earlier copy, k"),
    ],
)
def test_a_header_that_cannot_be_sent_is_dropped_and_named(
    headers: dict[str, Any], named: str
) -> None:
    copy = copy_of(message_id="m", headers=headers)

    assert headers_of(copy)[DROPPED_HEADERS] == named


def test_the_longest_name_of_a_header_has_128_bytes() -> None:
    for name, kept in (("k" * 128, True), ("é" * 64, True), ("k" * 129, False)):
        assert (name in headers_of(copy_of(message_id="m", headers={name: 1}))) is kept


def test_headers_are_filled_to_the_last_byte_and_leave_room_for_the_names_of_the_rest() -> None:
    names = {DROPPED_HEADERS: "." * 1024}
    ours = len(encode.field_table({**BOOKKEEPING, **names})) - LENGTH_BYTES
    room = 65_536 - ours - len(encode.field_table({"k": ""})) + LENGTH_BYTES
    for length, kept in ((room, True), (room + 1, False)):
        headers = headers_of(copy_of(message_id="m", headers={"k": "v" * length}))

        assert ("k" in headers) is kept
        assert headers.get(DROPPED_HEADERS) == (None if kept else "k")


def test_what_one_header_takes_is_no_longer_there_for_the_next() -> None:
    headers = headers_of(copy_of(message_id="m", headers={"a": "v" * 40_000, "b": "v" * 40_000}))

    assert ("a" in headers, "b" in headers) == (True, False)


def test_the_names_of_what_is_dropped_have_1024_characters_at_most() -> None:
    headers = {f"k{i:03}": b"\xff" for i in range(500)}

    names = headers_of(copy_of(message_id="m", headers=headers))[DROPPED_HEADERS]

    assert len(names) == 1024
    assert names.startswith("k000, k001, ")


@pytest.mark.parametrize("before", ["", 7, None])
def test_a_list_of_dropped_headers_that_is_none_is_not_passed_on(before: Any) -> None:
    copy = copy_of(message_id="m", headers={DROPPED_HEADERS: before})

    assert DROPPED_HEADERS not in headers_of(copy)


def test_a_property_that_cannot_be_sent_is_dropped_and_named() -> None:
    copy = copy_of(message_id="m", app_id="\udcff", correlation_id="c")

    assert (copy.app_id, copy.correlation_id, copy.message_id) == (None, "c", "m")
    assert headers_of(copy) == {**BOOKKEEPING, DROPPED_HEADERS: "app_id"}


def test_bookkeeping_of_ours_takes_the_place_of_what_came() -> None:
    forged = {"x-error-code": "forged", "x-replaces": "forged", "x-death": [], "CC": []}

    headers = headers_of(copy_of(message_id="m", headers={**forged, "x-first-death-queue": "q"}))

    assert headers == {**BOOKKEEPING, "x-original-cc": []}


def test_a_copy_is_kept_on_disk() -> None:
    assert copy_of(message_id="m", delivery_mode=1).delivery_mode == 2


def test_of_too_many_headers_the_small_ones_are_kept() -> None:
    headers = {f"k{size:05}": "v" * size for size in range(0, 10_000, 100)}

    copy = copy_of(message_id="m", headers=headers)

    kept = sorted(headers.keys() & headers_of(copy).keys())
    assert kept == sorted(headers)[: len(kept)]
    assert len(encode.field_table(headers_of(copy))) > LARGEST_HEADERS_BYTES - 10_000
