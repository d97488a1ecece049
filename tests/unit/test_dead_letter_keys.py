from dataclasses import replace
from typing import Any

import pytest

from tests.support.letters import dead_letter, dead_message
from worker.infra.messaging.dead_letters.keys import message_key


@pytest.mark.parametrize("count", ["x_delivery_count", "x_acquired_count"])
def test_a_browse_that_raises_the_brokers_count_leaves_the_key(count: str) -> None:
    counted: list[dict[str, Any]] = [{count: 1}, {count: 2}]
    seen_once, seen_again = (dead_message(**headers) for headers in counted)

    assert message_key(seen_once) == message_key(seen_again) == message_key(dead_message())


def test_the_order_of_headers_is_no_part_of_the_key() -> None:
    there = dead_message(a={"x": 1, "y": [{"p": 1, "q": 2}]}, b=2)
    back = dead_message(b=2, a={"y": [{"q": 2, "p": 1}], "x": 1})

    assert message_key(there) == message_key(back)


@pytest.mark.parametrize(
    "change",
    [
        {"body": b"{}"},
        {"exchange": "another"},
        {"x_error_at": "2026-01-31T02:50:01+00:00"},
        {"x_attempts": 5},
        {"tenant": "mx"},
        {"nested": [{"a": 1}]},
        {"properties": {"priority": 1}},
        {"message_id": "m-2"},
    ],
)
def test_whatever_else_differs_makes_another_key(change: dict[str, Any]) -> None:
    assert message_key(dead_message(**change)) != message_key(dead_message())


def test_two_values_of_one_header_have_two_keys() -> None:
    keys = {
        message_key(dead_message(value=value)) for value in ([1, 2], [2, 1], {"1": 2}, 12, "12")
    }

    assert len(keys) == 5


def test_another_routing_key_makes_another_key() -> None:
    message = dead_message()

    assert message_key(replace(message, routing_key="elsewhere")) != message_key(message)


def test_the_content_key_survives_a_failure_and_tells_contents_apart() -> None:
    first, again = dead_letter(), dead_letter(x_error_at="later", x_attempts=9)

    assert first.content_key == again.content_key
    assert len(first.content_key) == len(first.key) == 16
    assert dead_letter(body=b"[]").content_key != first.content_key
    assert dead_letter("m-2").content_key != first.content_key
    assert dead_letter(properties={"app_id": "/other"}).content_key != first.content_key
    assert dead_letter(properties={"message_type": "t"}).content_key != first.content_key


def test_an_id_that_a_client_made_up_is_no_part_of_the_content_key() -> None:
    one, two = (dead_letter(id_, x_no_message_id=True) for id_ in ("made-up", "made-up-again"))

    assert one.content_key == two.content_key
    assert one.message_id is None
    assert one.handle == two.handle == f"nameless-{one.content_key.hex()[:12]}"
