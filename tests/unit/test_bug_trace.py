from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import pytest
from pamqp.commands import Basic
from structlog.testing import capture_logs

import worker
from tests.support.car_events import creation
from tests.support.messages import message_with
from tests.unit.test_quiet_log import Clock
from worker.application.bug_trace import LONGEST_TRACE, trace_of
from worker.application.outcomes import Failure
from worker.domain.error_code import ErrorCode
from worker.infra.durations import DEFAULT_DURATIONS
from worker.infra.messaging.consuming.bug_log import BugLog
from worker.infra.messaging.events.decoding import Decoder
from worker.infra.messaging.history import History

PACKAGE = Path(worker.__file__).parent
SECRET = "a secret of the message"


def caught(call: Callable[[], object]) -> Exception:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the trace is what is asked for
        call()
    return caught.value


def ours(source: str) -> Callable[[], object]:
    """`run` of a source, as if it stood in the package."""
    names: dict[str, Callable[[], object]] = {}
    exec(compile(source, PACKAGE / "odd.py", "exec"), names)
    return names["run"]


def broken_clock() -> NoReturn:
    raise ZeroDivisionError(SECRET)


def bug(line: int = 1) -> Failure:
    trace = (f"worker/application/decide.py:{line}", "KeyError at decide.py:9")
    return Failure(ErrorCode.UNEXPECTED_ERROR, "KeyError at decide.py:9 while handling it", trace)


def test_a_bug_leaves_the_lines_of_our_code_that_led_to_it() -> None:
    event = creation("MX-1")
    properties = Basic.Properties(message_id=event.message_id, message_type=event.type)

    failure = Decoder(broken_clock).try_decode(message_with(event.body, properties))

    assert isinstance(failure, Failure)
    *frames, last = failure.trace
    places = [frame.split(":") for frame in frames]
    lines = [(PACKAGE.parent / file).read_text().splitlines()[int(n) - 1] for file, n in places]
    assert {file for file, _ in places} == {"worker/infra/messaging/events/decoding.py"}
    assert ["decode(" in lines[0], "_decode_data(" in lines[1], "_clock()" in lines[2]] == [
        True
    ] * 3
    assert last.startswith("ZeroDivisionError at test_bug_trace.py:")
    assert SECRET not in repr(failure)


def test_the_way_to_the_cause_follows_that_of_the_bug() -> None:
    run = ours(
        "def cause():\n"
        "    {}['secret']\n"
        "def run():\n"
        "    try:\n"
        "        cause()\n"
        "    except KeyError as error:\n"
        "        raise ValueError('secret') from error\n"
    )

    trace = trace_of(caught(run))

    assert trace == (
        "worker/odd.py:7",
        "worker/odd.py:5",
        "worker/odd.py:2",
        "ValueError at odd.py:7",
    )


def test_endless_recursion_leaves_its_last_lines_alone() -> None:
    trace = trace_of(caught(ours("def run():\n    run()\n")))

    assert trace == (*["worker/odd.py:2"] * LONGEST_TRACE, "RecursionError at odd.py:2")


def test_a_trace_is_no_part_of_what_a_failure_is_or_writes_into_headers() -> None:
    failure = bug()

    headers = History.of(message_with(b"", Basic.Properties()), "inventory-worker").headers_after(
        failure, datetime(2026, 11, 22, tzinfo=UTC), "1.0"
    )

    assert failure == Failure(failure.code, failure.detail)
    assert failure.trace[0] not in str(headers)


def test_a_place_is_logged_once_a_minute_with_the_number_of_repeats() -> None:
    clock = Clock()
    bugs = BugLog(DEFAULT_DURATIONS, clock)

    with capture_logs() as lines:
        for failure in [bug(1), bug(2), bug(1), bug(1)]:
            bugs.note(failure)
        clock.now = DEFAULT_DURATIONS.bug_log_repeat
        bugs.note(bug(1))

    reasons = [f"worker/application/decide.py:{n} > KeyError at decide.py:9" for n in (1, 2, 1)]
    assert [line["reason"] for line in lines] == reasons
    assert [line.get("suppressed") for line in lines] == [None, None, 2]


def test_a_failure_that_is_no_bug_is_not_logged_as_one() -> None:
    with capture_logs() as lines:
        BugLog(DEFAULT_DURATIONS).note(Failure(ErrorCode.UNKNOWN_TYPE, "type: found another"))

    assert lines == []
