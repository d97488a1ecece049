import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.arbitrary import HEADER_VALUES
from worker.infra.messaging.dead_letters.amqp_json import from_json, to_json
from worker.infra.messaging.dead_letters.canonical_json import canonical, indented
from worker.infra.messaging.events.json_text import parse_json


def as_read(value: object) -> object:
    """Bytes come back as a bytearray, which is how pamqp decodes them."""
    match value:
        case bytes():
            return bytearray(value)
        case list():
            return [as_read(item) for item in value]
        case dict():
            return {name: as_read(item) for name, item in value.items()}
        case _:
            return value


@given(HEADER_VALUES)
def test_every_value_of_a_header_survives_json(value: Any) -> None:
    read = from_json(json.loads(json.dumps(to_json(value))))

    assert repr(read) == repr(as_read(value))


@pytest.mark.parametrize(
    ("value", "document"),
    [
        (b"\xff", {"$bytes": "/w=="}),
        (Decimal("1.50"), {"$decimal": "1.50"}),
        (float("inf"), {"$float": "inf"}),
        (1.5, 1.5),
        (datetime(2026, 1, 31, tzinfo=UTC), {"$timestamp": "2026-01-31T00:00:00+00:00"}),
        ({"$bytes": "x"}, {"$table": {"$bytes": "x"}}),
        ({"$table": 1, "a": 2}, {"$table": {"$table": 1, "a": 2}}),
        ({"a": 1}, {"a": 1}),
    ],
)
def test_what_json_has_no_form_for_says_its_type(value: Any, document: object) -> None:
    assert to_json(value) == document
    assert from_json(document) == value


def test_an_object_that_only_begins_like_a_type_is_a_table() -> None:
    assert from_json({"$bytes": "/w==", "more": 1}) == {"$bytes": "/w==", "more": 1}
    assert from_json({"$table": {"a": 1}, "more": 1}) == {"$table": {"a": 1}, "more": 1}


@pytest.mark.parametrize("document", [{"$bytes": "no base64"}, {"$float": "x"}, object()])
def test_json_that_nobody_wrote_is_refused(document: object) -> None:
    with pytest.raises((ValueError, ArithmeticError)):
        from_json(document)


def test_canonical_json_keeps_digits_and_sorts_only_when_asked() -> None:
    document = parse_json(b'{"b": 1.50, "a": [true, null, "\\u00e9"], "c": {}}')

    assert canonical(document) == '{"b": 1.50, "a": [true, null, "é"], "c": {}}'
    assert canonical(document, sort=True) == '{"a": [true, null, "é"], "b": 1.50, "c": {}}'


def test_nested_members_are_sorted_too() -> None:
    document = parse_json(b'[{"b": {"d": 1, "c": 2}}]')

    assert canonical(document, sort=True) == '[{"b": {"c": 2, "d": 1}}]'


@pytest.mark.parametrize("text", ["\ud800", "a\x07"])
def test_text_that_no_terminal_takes_is_escaped(text: str) -> None:
    assert canonical(text).isascii()
    assert json.loads(canonical({text: text})) == {text: text}


def test_a_document_for_a_person_has_a_line_for_each_member() -> None:
    document = parse_json(b'{"a": [1, {"b": []}], "c": {}}')

    assert indented(document).splitlines() == [
        "{",
        '  "a": [',
        "    1,",
        "    {",
        '      "b": []',
        "    }",
        "  ],",
        '  "c": {}',
        "}",
    ]


@given(
    st.recursive(st.integers() | st.text() | st.none(), lambda inner: st.lists(inner, max_size=3))
)
def test_the_form_for_a_person_says_the_same(document: Any) -> None:
    assert json.loads(indented(document)) == document
