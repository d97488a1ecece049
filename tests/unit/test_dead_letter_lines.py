import json
import os
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.arbitrary import PROPERTIES, WIRE_TEXT
from tests.support.letters import CREATED, dead_letter
from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter, read_dead_letter
from worker.infra.messaging.dead_letters.dead_letter_file import (
    DeadLetterFile,
    InvalidLineError,
    new_file,
    parse_line,
    refuse_file,
)
from worker.infra.messaging.dead_letters.dead_letter_line import to_line
from worker.infra.messaging.dead_letters.editing import Edit

CAR = {
    "car_id": "car-1",
    "make": "Nissan",
    "model": "Versa",
    "year": 2020,
    "price_mxn": "1.00",
    "occurred_at": "2026-01-01T00:00:00Z",
}
RIGHT = json.dumps(CAR).encode()
WRONG = json.dumps({**CAR, "make": ""}).encode()
TYPED = {"message_type": CREATED, "app_id": "/dealers"}


def letter_of(body: bytes = WRONG, message_id: str = "m-1", **told: Any) -> DeadLetter:
    return dead_letter(message_id, body=body, properties=TYPED, **told)


DEEP = json.loads(f"{'[' * 600}{']' * 600}")


def line_of(letter: DeadLetter, **changes: Any) -> bytes:
    return json.dumps({**json.loads(to_line(letter)), **changes}).encode()


@given(st.binary(max_size=200), PROPERTIES, WIRE_TEXT, WIRE_TEXT)
def test_whatever_is_exported_is_imported_as_it_was(
    body: bytes, properties: Any, exchange: str, routing_key: str
) -> None:
    letter = read_dead_letter(Message(body, properties, exchange, routing_key))

    line = parse_line(to_line(letter).encode("utf-8", "surrogatepass"))

    assert (line.edit, line.letter.message.body) == (None, body)
    assert line.letter.content_key == letter.content_key


def test_an_untouched_line_is_no_edit_whatever_an_editor_did_to_its_form() -> None:
    letter = letter_of()
    reordered = dict(reversed(json.loads(WRONG).items()))

    assert parse_line(line_of(letter, data=reordered)).edit is None


@pytest.mark.parametrize(
    ("changes", "edit"),
    [
        ({"data": CAR}, Edit(CREATED, "/dealers", json.dumps(CAR))),
        ({"type": "t"}, Edit("t", "/dealers", json.dumps(json.loads(WRONG)))),
        ({"source": "/s"}, Edit(CREATED, "/s", json.dumps(json.loads(WRONG)))),
        ({"source": None}, Edit(CREATED, "", json.dumps(json.loads(WRONG)))),
    ],
)
def test_what_a_person_changed_is_the_edit(changes: dict[str, Any], edit: Edit) -> None:
    assert parse_line(line_of(letter_of(), **changes)).edit == edit


def test_digits_survive_an_edit() -> None:
    line = line_of(letter_of(), data="DATA").replace(b'"DATA"', b'{"price_mxn": 1.50}')

    edit = parse_line(line).edit

    assert edit is not None
    assert edit.data == '{"price_mxn": 1.50}'


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"no json", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", "is not a JSON object"),
        (b"{}", "has no original as `dlq export` writes it"),
        (line_of(letter_of(), message_id="other"), "has another message_id"),
        (line_of(letter_of(), data=DEEP), "is nested too deep"),
        (line_of(letter_of(), type=1), "is edited and has no type, source and data"),
        (line_of(letter_of(), original={"body": "", "properties": {"x": 1}}), "properties unknown"),
        (line_of(letter_of(), original={"body_base64": "?", "properties": {}}), "has no original"),
    ],
)
def test_a_line_that_holds_no_letter_says_so(line: bytes, says: str) -> None:
    with pytest.raises(InvalidLineError, match=says):
        parse_line(line)


def test_a_number_of_more_digits_than_python_reads_is_kept() -> None:
    digits = "9" * 5000
    line = line_of(letter_of()).replace(b'"data":', b'"more": ' + digits.encode() + b', "data":', 1)

    assert parse_line(line).edit is None


def test_a_pipe_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = os.open(pipe, os.O_RDWR)  # else nobody could open it to read
    try:
        with pytest.raises(InvalidLineError, match="is a pipe"):
            DeadLetterFile(pipe)
    finally:
        os.close(writer)


def test_a_file_is_read_line_by_line_and_again_by_position(tmp_path: Path) -> None:
    file = tmp_path / "letters"
    with new_file(file) as write:
        for id_ in ("a", "b"):
            write(f"{to_line(letter_of(message_id=id_))}\n")
    file.write_bytes(b"\n" + file.read_bytes())

    with closing(DeadLetterFile(file)) as letters:
        found = list(letters.scan())
        assert [(number, line.letter.message_id) for number, _, line in found] == [
            (2, "a"),
            (3, "b"),
        ]
        assert letters.read(found[1][1]).letter.message_id == "b"
        assert letters.read(found[0][1]).letter.message_id == "a"


def test_a_file_that_exists_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "there").touch()

    with pytest.raises(FileExistsError):
        refuse_file(tmp_path / "there")
    with pytest.raises(FileExistsError), new_file(tmp_path / "there"):
        pass
    assert (tmp_path / "there").exists()


def test_a_file_that_cannot_be_completed_is_not_left(tmp_path: Path) -> None:
    refuse_file(tmp_path / "new")

    with pytest.raises(UnicodeEncodeError), new_file(tmp_path / "new") as write:
        write("\ud800")

    assert not list(tmp_path.iterdir())


def test_a_wrong_line_of_a_file_is_named_by_its_number(tmp_path: Path) -> None:
    file = tmp_path / "letters"
    file.write_bytes(line_of(letter_of()) + b"\n\n{}\n")

    with (
        closing(DeadLetterFile(file)) as letters,
        pytest.raises(InvalidLineError, match=r"^line 3 has no original"),
    ):
        list(letters.scan())
