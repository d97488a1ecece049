from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support.letters import CHANGED, CREATED, DIED_AT, dead_letter, dead_message
from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.dead_letters.browsing import Visit
from worker.infra.messaging.dead_letters.errors import NothingSelectedError
from worker.infra.messaging.dead_letters.frozen_selection import FrozenSelection, freeze
from worker.infra.messaging.dead_letters.selection import SelectedKeys, Selection, Selector

DIED = datetime.fromisoformat(DIED_AT)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("told", "matches"),
    [
        ({}, True),
        ({"ids": ("m-0", "m-1")}, True),
        ({"ids": ("m-0",)}, False),
        ({"code": "invalid-event"}, True),
        ({"code": "too-large"}, False),
        ({"type": CHANGED}, True),
        ({"type": CREATED}, False),
        ({"car": "car-1"}, True),
        ({"car": "car-2"}, False),
        ({"since": DIED}, True),
        ({"since": DIED + SECOND}, False),
        ({"until": DIED}, True),
        ({"until": DIED - SECOND}, False),
        ({"since": DIED - SECOND, "until": DIED + SECOND}, True),
        ({"since": DIED, "until": DIED - SECOND}, False),
        ({"code": "invalid-event", "car": "car-2"}, False),
    ],
)
def test_filters_are_combined_and_bounds_are_inclusive(told: dict[str, Any], matches: bool) -> None:
    assert Selection(**told).matches(dead_letter()) is matches


@pytest.mark.parametrize("bound", ["since", "until"])
def test_what_died_at_no_known_time_is_outside_of_any(bound: str) -> None:
    timeless = dead_letter(x_error_at=None)

    assert Selection().matches(timeless)
    within: dict[str, Any] = {bound: DIED}
    assert not Selection(**within).matches(timeless)


def test_the_audit_is_told_what_was_asked_for() -> None:
    asked = Selection(("a\n", "b"), code="c", since=DIED, limit=3)

    assert asked.as_document() == {
        "ids": [r"a\n", "b"],
        "code": "c",
        "since": DIED_AT,
        "limit": 3,
    }
    assert Selection().as_document() == {"all": True}


def test_the_first_matching_ones_are_taken_up_to_the_limit() -> None:
    selector = Selector(Selection(code="invalid-event", limit=2))
    letters = [
        dead_letter("a", x_error_code="too-large"),
        *(dead_letter(id_) for id_ in ("b", "c", "d")),
    ]

    assert [selector.takes(letter) for letter in letters] == [False, True, True, False]
    assert selector.count == 2


def test_ids_that_were_not_seen_are_missing() -> None:
    selector = Selector(Selection(("seen", "never")))
    selector.takes(dead_letter("seen"))

    assert selector.missing_ids == {"never"}


def test_a_key_is_taken_as_often_as_it_was_there() -> None:
    keys = SelectedKeys([b"a", b"a", b"b"])

    assert [keys.take(key) for key in (b"a", b"a", b"a", b"c")] == [True, True, False, False]
    assert len(keys) == 1
    keys.put_back(b"a")
    assert len(keys) == 2
    assert [keys.take(b"a"), keys.take(b"a")] == [True, False]


@pytest.mark.parametrize(
    ("first", "parts"),
    [
        (0, [[], [b"c", b"d"], [b"o", b"p"]]),
        (1, [[b"c"], [b"d"], [b"o", b"p"]]),
        (2, [[b"c", b"d"], [], [b"o", b"p"]]),
        (3, [[b"c", b"d", b"o"], [], [b"p"]]),
        (9, [[b"c", b"d", b"o", b"p"], [], []]),
    ],
)
def test_a_canary_comes_first_then_creations_then_the_rest(
    first: int, parts: list[list[bytes]]
) -> None:
    frozen = FrozenSelection([b"c", b"d"], [b"o", b"p"])

    assert list(frozen.split(first)) == parts
    assert (len(frozen), frozen.keys) == (4, [b"c", b"d", b"o", b"p"])


class Queue:
    """Shows its messages as a browse does."""

    def __init__(self, *messages: Message) -> None:
        self._messages = messages

    async def __call__(self, visit: Visit) -> int:
        for message in self._messages:
            visit(message)
        return len(self._messages)


async def test_creations_are_kept_apart_when_a_selection_is_frozen() -> None:
    creation = dead_message("c", properties={"message_type": CREATED})
    seen = []

    frozen = await freeze(
        Queue(dead_message("p"), creation, dead_message("q")),
        Selection(("p", "c")),
        lambda letter: seen.append(letter.handle),
    )

    assert (len(frozen.creations), len(frozen.others), frozen.queue_length) == (1, 1, 3)
    assert seen == ["p", "c"]


async def test_an_id_that_is_not_there_freezes_nothing() -> None:
    with pytest.raises(NothingSelectedError, match="the id x, y; nothing was changed"):
        await freeze(Queue(dead_message("p")), Selection(("y", "p", "x")))


async def test_a_selection_that_nothing_matches_is_refused() -> None:
    with pytest.raises(NothingSelectedError, match="none of the 1 dead letters is chosen"):
        await freeze(Queue(dead_message()), Selection(code="too-large"))
