import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.contract_document.wrong_events import CHANGED, WRONG_EVENTS, WrongEvent, event
from tests.support.forked_commands import run


def validate(*arguments: str, text: str | bytes = b"") -> subprocess.CompletedProcess[str]:
    """Runs it as somebody who has neither broker nor database."""
    offline = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "RABBITMQ_URL"}}
    given = text.encode() if isinstance(text, str) else text
    return run("worker", "validate", *arguments, environment=offline, given=given, timeout=60)


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    """What it says of each line of a file in which good and wrong events take turns."""
    file = tmp_path_factory.mktemp("events") / "events.jsonl"
    lines = [
        line
        for i, wrong in enumerate(WRONG_EVENTS.values())
        for line in (event(f"good-{i}"), wrong.line)
    ]
    file.write_text("\n".join(lines), encoding="utf-8")
    done = validate(str(file), "--json")
    assert done.returncode == 1, done.stderr
    return {wrong["line"]: wrong["detail"] for wrong in json.loads(done.stdout)["wrong"]}


@pytest.mark.parametrize(
    ("number", "wrong"),
    [
        pytest.param(2 * i, wrong, id=name)
        for i, (name, wrong) in enumerate(WRONG_EVENTS.items(), start=1)
    ],
)
def test_line_field_and_rule_of_a_wrong_event_are_named(
    said: dict[int, str], number: int, wrong: WrongEvent
) -> None:
    assert wrong.field in said[number].partition("found")[0]
    assert wrong.says in said[number]


def test_good_events_are_not_complained_about(said: dict[int, str]) -> None:
    assert len(said) == len(WRONG_EVENTS) >= 30


def test_a_person_reads_one_line_for_each_wrong_event_and_a_sum() -> None:
    done = validate("-", text=f"{event('a')}\n\n{event('b', car_id='MX 1')}\n")

    complaint, total = done.stdout.splitlines()
    assert complaint.startswith("line 3: car_id: found 'MX 1', allowed is 1 to 64 characters")
    assert complaint.endswith("(invalid-event)")
    assert total == "2 events, 1 wrong"
    assert (done.returncode, done.stderr) == (1, "")


def test_events_without_mistake_are_fine() -> None:
    done = validate("-", text=f"{event('a')}\n{event('b', type_=CHANGED)}\n{event('a')}\n")

    assert (done.stdout, done.returncode) == ("3 events, 0 wrong\n", 0)


def test_an_id_that_two_events_share_is_found() -> None:
    done = validate("-", text=f"{event('a')}\n{event('a', price_mxn='1.00')}\n")

    assert done.stdout.startswith("line 2: message_id: found 'a', which line 1 uses for another")


def test_bytes_that_are_not_utf_8_cost_their_line_only() -> None:
    done = validate("-", text=event("a").encode() + b"\n\xff\n" + event("b").encode())

    assert done.stdout.splitlines() == [
        "line 2: line: not UTF-8 at byte 0, allowed is one JSON object (malformed-json)",
        "3 events, 1 wrong",
    ]


def test_a_number_of_ten_thousand_digits_is_judged_like_any_other() -> None:
    line = event("a").replace("2020", "9" * 10_000)

    done = validate("-", text=line)

    assert done.stdout.startswith("line 1: year: found ")
    assert done.stderr == ""


def test_a_file_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    done = validate(str(tmp_path / "missing.jsonl"))

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
