"""A line of a file, as it is published: no digit of its data changes."""

from typing import Any

import pytest

from tests.support.car_events import creation
from tests.support.messages import clock
from worker.application.outcomes import Failure
from worker.domain.error_code import ErrorCode
from worker.infra.messaging.events.decoding import Decoder
from worker.infra.messaging.events.event_check import EventCheck
from worker.infra.messaging.events.event_lines import (
    EventLine,
    NumberedLine,
    parse_event_line,
    parse_event_lines,
)
from worker.infra.messaging.events.invalid_message import InvalidMessageError
from worker.infra.messaging.headers import NO_MESSAGE_ID


def line_of(message_id: str | None = "m", **changes: Any) -> EventLine:
    event = creation("a", **changes)
    return EventLine(event.type, message_id, "/s", event.body.decode())


@pytest.mark.parametrize(
    "line",
    [
        '{"type":"t","message_id":"m","data":%s}',
        '{"data":%s,"message_id":"m","type":"t"}',
        ' {\t"type" : "t" ,\r"data"  :   %s , "message_id":"m" } ',
        '{"type":"t","data":"an earlier one","message_id":"m","data":%s}',
        '{"other":{"data":[1,{"data":2}]},"type":"t","d\\u0061ta":%s,"message_id":"m"}',
    ],
)
@pytest.mark.parametrize(
    "data", ['{"n": 1.50e+03,  "s":"},\\""}', "0.10", "null", "[ ]", "[{}, [1e400]]", '"text"']
)
def test_data_stays_as_it_stands_in_the_line(line: str, data: str) -> None:
    assert parse_event_line((line % data).encode()) == EventLine("t", "m", None, data)


def test_a_line_may_name_its_source_and_lack_an_id() -> None:
    line = b'{"type": "t", "source": "/s", "data": {}}'

    assert parse_event_line(line) == EventLine("t", None, "/s", "{}")


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        (b"{", ErrorCode.MALFORMED_JSON, "line: "),
        (b'{"type":"t","data":{}} x', ErrorCode.MALFORMED_JSON, "allowed is one JSON object"),
        (b"[]", ErrorCode.INVALID_EVENT, "line: found an array, allowed is a JSON object"),
        (b'{"type":7,"data":{}}', ErrorCode.INVALID_EVENT, "type: found "),
        (b'{"type":"t","message_id":7}', ErrorCode.INVALID_EVENT, "message_id: found "),
        (b'{"type":"t","source":[]}', ErrorCode.INVALID_EVENT, "source: found an array, allowed"),
        (b'{"type":"t"}', ErrorCode.INVALID_EVENT, "data: is missing"),
        (b"{}", ErrorCode.INVALID_EVENT, "data: is missing"),
        (b'{"data":1}', ErrorCode.INVALID_EVENT, "type: is missing"),
        (b'{"type":"","data":1}', ErrorCode.INVALID_EVENT, "type: is missing"),
    ],
)
def test_a_line_that_is_no_event_is_told_how_so(line: bytes, code: ErrorCode, says: str) -> None:
    with pytest.raises(InvalidMessageError) as refused:
        parse_event_line(line)

    assert refused.value.failure.code is code
    assert says in refused.value.failure.detail


def test_blank_lines_are_counted_and_left_out() -> None:
    good = b'{"type":"t","data":{}}'

    first, second = parse_event_lines(b"\n" + good + b"\n \t\r\nno JSON\n")

    assert first == NumberedLine(2, EventLine("t", None, None, "{}"))
    assert second.number == 4
    assert isinstance(second.content, Failure)


def test_an_event_is_published_with_the_properties_of_the_contract() -> None:
    properties = line_of().properties()

    assert properties.content_type == "application/json"
    assert properties.delivery_mode == 2
    assert (properties.message_id, properties.app_id) == ("m", "/s")
    assert properties.message_type == "inventory.car-created.v1"
    assert properties.headers is None


@pytest.mark.parametrize("message_id", [None, ""])
def test_an_event_without_an_id_is_published_so_that_none_is_made_up(
    message_id: str | None,
) -> None:
    assert line_of(message_id).properties().headers == {NO_MESSAGE_ID: True}


def test_a_file_is_judged_line_by_line_as_the_worker_would() -> None:
    bad = Failure(ErrorCode.MALFORMED_JSON, "line: no JSON")
    contents: list[EventLine | Failure] = [
        line_of(),
        bad,
        line_of("n", year=1885),
        line_of(),
        line_of(year=2021),
    ]
    lines = [NumberedLine(number, content) for number, content in enumerate(contents, start=1)]

    wrong = EventCheck(Decoder(clock)).find_wrong(lines)

    assert [(each.number, each.failure.code) for each in wrong] == [
        (2, ErrorCode.MALFORMED_JSON),
        (3, ErrorCode.INVALID_EVENT),
        (5, ErrorCode.MESSAGE_ID_REUSED),
    ]
    assert "which line 1 uses for another event" in wrong[2].failure.detail
