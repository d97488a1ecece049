import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.letters import CREATED, dead_letter
from tests.support.messages import clock
from worker.domain.value_objects.message_identity import MessageIdentity
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter
from worker.infra.messaging.dead_letters.dead_letter_file import (
    DeadLetterFile,
    InvalidLineError,
)
from worker.infra.messaging.dead_letters.dead_letter_line import to_line
from worker.infra.messaging.dead_letters.editing import Edit, edited, edited_id, root_of
from worker.infra.messaging.dead_letters.import_plan import ImportPlan, plan_import
from worker.infra.messaging.dead_letters.replayed import replayed
from worker.infra.messaging.events.decoding import Decoder

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


def line_of(letter: DeadLetter, **changes: Any) -> bytes:
    return json.dumps({**json.loads(to_line(letter)), **changes}).encode()


def test_a_replay_keeps_the_message_and_counts_itself() -> None:
    letter = letter_of(x_replays=2)

    again = replayed(letter)

    assert (again.body, again.exchange, again.routing_key) == (
        letter.message.body,
        "inventory-worker",
        "inventory-worker",
    )
    assert again.headers == {
        "x-replays": 3,
        "x-original-exchange": "inventory.events",
        "x-original-routing-key": "inventory.price-changed.v1",
        "x-first-error-at": "2026-01-31T02:00:00+00:00",
    }
    first = replayed(letter_of(x_first_error_at=None, x_replaces={"source": "", "message_id": "x"}))
    assert "x-first-error-at" not in first.headers
    assert first.headers["x-replaces"] == {"source": "", "message_id": "x"}


EDIT = Edit(CREATED, "/dealers", RIGHT.decode())


def test_an_edit_is_a_message_of_its_own_that_names_what_it_replaces() -> None:
    letter = letter_of(RIGHT.replace(b"Versa", b"March"), **{"ce-time": "now"}, tenant="mx")

    message = edited(letter, EDIT, Decoder(clock))

    decoded = Decoder(clock).decode(message)
    original = Decoder(clock).decode(replayed(letter))
    assert message.properties.message_id == edited_id(MessageIdentity("/dealers", "m-1"), EDIT)
    assert (decoded.identity.source, message.properties.content_type) == (
        "/dealers",
        "application/json",
    )
    assert decoded.replaces is not None
    assert decoded.replaces.identity == MessageIdentity("/dealers", "m-1")
    assert decoded.replaces.digest == original.digest
    assert message.headers["tenant"] == "mx"
    assert not any(name.startswith("ce-") for name in message.headers)


def test_the_same_edit_twice_is_one_message_and_another_is_another() -> None:
    root = MessageIdentity("s", "m")
    ids = {
        edited_id(root, EDIT),
        edited_id(root, EDIT),
        edited_id(root, Edit("t", EDIT.source, EDIT.data)),
        edited_id(root, Edit(EDIT.type, "s", EDIT.data)),
        edited_id(root, Edit(EDIT.type, EDIT.source, "{}")),
        edited_id(MessageIdentity("s", "n"), EDIT),
    }

    assert len(ids) == 5
    assert all(len(id_) == len("edit-") + 32 for id_ in ids)


def test_an_edit_without_a_source_has_no_app_id() -> None:
    assert edited(letter_of(), Edit(CREATED, "", "{}"), Decoder(clock)).properties.app_id is None


def test_all_edits_of_an_edit_replace_what_the_publisher_sent() -> None:
    root = {"source": "/first", "message_id": "root"}
    letter = letter_of(x_replaces=root)

    message = edited(letter, EDIT, Decoder(clock))

    assert root_of(letter) == MessageIdentity("/first", "root")
    assert message.headers["x-replaces"] == root


def test_a_letter_without_an_id_cannot_be_edited() -> None:
    with pytest.raises(ValueError, match="has no message id that an edit could follow from"):
        root_of(dead_letter(None))


Plan = Callable[..., ImportPlan]
CONTRADICTION = "line 2 says otherwise than line 1"


@pytest.fixture
def plan(tmp_path: Path) -> Iterator[Plan]:
    """Plans the import of a file with these lines."""
    opened: list[DeadLetterFile] = []

    def make(*lines: bytes) -> ImportPlan:
        file = tmp_path / "letters"
        file.write_bytes(b"\n".join(lines))
        opened.append(DeadLetterFile(file))
        return plan_import(opened[-1], Decoder(clock))

    yield make
    for file in opened:
        file.close()


def test_a_plan_sends_each_letter_as_its_line_says(plan: Plan) -> None:
    kept, changed = letter_of(message_id="kept"), letter_of(message_id="changed")

    planned = plan(line_of(kept), line_of(changed, data=CAR))

    assert planned.prepare(kept).sent_as is None
    assert planned.prepare(kept).message.body == WRONG
    sent = planned.prepare(changed)
    assert sent.sent_as == edited_id(MessageIdentity("/dealers", "changed"), EDIT)
    assert json.loads(sent.message.body) == CAR


def test_an_edit_is_refused_once_its_original_was_applied_but_not_after_itself(
    plan: Plan,
) -> None:
    planned = plan(line_of(letter_of(), data=CAR))
    [edit] = planned.edits.values()

    assert planned.refused({}) is None
    assert planned.refused({edit.replaces: b""}) == edit
    assert planned.refused({edit.replaces: b"", edit.becomes: b""}) is None
    assert edit.number == 1


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([b""], "the file holds no dead letter"),
        ([line_of(letter_of(), data={})], r"^line 1: .*is missing.* \(invalid-event\)$"),
        (
            [line_of(letter_of()), line_of(letter_of(), data=CAR)],
            "line 2 says otherwise than line 1",
        ),
        (
            [line_of(letter_of(), data=CAR), line_of(letter_of())],
            "line 2 says otherwise than line 1",
        ),
        ([line_of(dead_letter(None), data=CAR)], "line 1 has no message id"),
    ],
)
def test_a_file_with_a_line_that_cannot_be_sent_is_refused_whole(
    plan: Plan, lines: list[bytes], says: str
) -> None:
    with pytest.raises(InvalidLineError, match=says):
        plan(*lines)


def test_one_message_that_died_twice_may_stand_in_two_lines(plan: Plan) -> None:
    again = letter_of(x_attempts=9)

    planned = plan(line_of(letter_of(), data=CAR), line_of(again, data=CAR))

    assert len(planned.edits) == len(planned.positions) == 1
