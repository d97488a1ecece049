from datetime import datetime

from tests.support.letters import CHANGED, CREATED, DIED_AT
from worker.dead_letters.frozen_selection import FrozenSelection, as_document
from worker.domain.value_objects.dead_letter_selection import Selection
from worker.domain.value_objects.dead_letter_state import DeadLetterState
from worker.infra.db.repositories.dead_letters import SelectedDeadLetter
from worker.infra.messaging.dead_letters.selected_keys import SelectedKeys


def test_the_audit_is_told_what_was_asked_for() -> None:
    since = datetime.fromisoformat(DIED_AT)

    asked = as_document(Selection(("a\n", "b"), code="c", since=since, limit=3))

    assert asked == {"ids": [r"a\n", "b"], "code": "c", "since": DIED_AT, "limit": 3}
    assert as_document(Selection()) == {"all": True}


def test_a_key_is_taken_as_often_as_it_was_there() -> None:
    keys = SelectedKeys([b"a", b"a", b"b"])

    assert [keys.take(key) for key in (b"a", b"a", b"a", b"c")] == [True, True, False, False]
    assert (len(keys), keys.left) == (1, [b"b"])
    keys.put_back(b"a")
    assert (len(keys), keys.left) == (2, [b"a", b"b"])
    assert [keys.take(b"a"), keys.take(b"a")] == [True, False]


def test_each_copy_is_selected_and_a_vanished_letter_once() -> None:
    frozen = FrozenSelection()
    for key, type_, state in (
        (b"a", CHANGED, DeadLetterState.DEAD),
        (b"b", CREATED, DeadLetterState.DEAD),
        (b"v", CHANGED, DeadLetterState.VANISHED),
    ):
        frozen.add(SelectedDeadLetter(key, key, key.decode(), type_, 2, state))

    assert (frozen.creations, frozen.others) == ([b"b", b"b"], [b"a", b"a", b"v"])
    assert (frozen.vanished, len(frozen)) == ({b"v"}, 5)
    assert frozen.keys == frozen.creations + frozen.others
