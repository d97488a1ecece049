"""The rows of dead letters: one for equal letters, found again by redeliveries and sweeps."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.dlq.dead_letters import apply_events
from tests.support.car_events import creation
from tests.support.letters import dead_letter, dead_message
from worker.domain.ports.dead_letter_records import DeadLetterRecord
from worker.domain.value_objects.dead_letter_selection import Selection
from worker.infra.db.engine import Sessions
from worker.infra.db.pruning import Pruner
from worker.infra.db.repositories.dead_letters import PostgresDeadLetters
from worker.infra.db.repositories.swept_dead_letters import PostgresSweptDeadLetters
from worker.infra.durations import DEFAULT_DURATIONS
from worker.infra.messaging.dead_letters.dead_letter import read_dead_letter
from worker.infra.messaging.dead_letters.records import to_letter, to_record

ODD_HEADERS: dict[str, Any] = {
    "n\x00l": "a\x00b",
    "bytes": b"\xff\x00",
    "nested": {"z": [1, {"deep": None}], "a": 2.5},
    "not-utf-8": "caf\udce9",
}


def record(message_id: str = "m-1", **changes: Any) -> DeadLetterRecord:
    return replace(to_record(dead_letter(message_id)), **changes)


@pytest.fixture
def swept(sessions: Sessions) -> PostgresSweptDeadLetters:
    return PostgresSweptDeadLetters(sessions, timedelta(0))


async def states(sessions: Sessions) -> dict[str, tuple[str, int, bool]]:
    """State, copies, and whether it is settled, by handle."""
    query = text("SELECT handle, state, copies, settled_at IS NOT NULL FROM dead_letters")
    async with sessions() as session:
        return {handle: (state, n, done) for handle, state, n, done in await session.execute(query)}


async def settle(sessions: Sessions, message_id: str, state: str = "replayed") -> None:
    async with sessions.begin() as session:
        values = {"handle": message_id, "state": state}
        sql = "UPDATE dead_letters SET state = :state, settled_at = now() WHERE handle = :handle"
        await session.execute(text(sql), values)


async def test_a_letter_survives_its_row_whatever_it_holds(
    sessions: Sessions, swept: PostgresSweptDeadLetters
) -> None:
    message = dead_message("odd\x07id", body=b"\x00\xff", **ODD_HEADERS)
    await swept.add([to_record(read_dead_letter(message))])

    [stored] = [each async for each in PostgresDeadLetters(sessions).stream(Selection())]

    back = to_letter(stored.record).message
    assert (back.body, back.exchange, back.routing_key) == (
        message.body,
        message.exchange,
        message.routing_key,
    )
    assert back.properties.message_id == "odd\x07id"
    assert back.headers == message.headers


async def test_equal_letters_share_a_row_and_a_redelivery_adds_none(
    sessions: Sessions, swept: PostgresSweptDeadLetters
) -> None:
    await swept.add([record(), record()])
    await swept.add([record(redelivered=True)])
    assert await states(sessions) == {"m-1": ("dead", 2, False)}

    await swept.add([record()])
    assert await states(sessions) == {"m-1": ("dead", 3, False)}


@pytest.mark.parametrize("redelivered", [True, False])
async def test_a_settled_letter_that_dies_again_is_open_again(
    redelivered: bool,
    sessions: Sessions,
    swept: PostgresSweptDeadLetters,
) -> None:
    await swept.add([record(), record()])
    await settle(sessions, "m-1")

    await swept.add([record(redelivered=redelivered)])

    assert await states(sessions) == {"m-1": ("dead", 1, False)}


async def test_a_letter_that_left_the_queue_has_vanished_and_comes_back(
    sessions: Sessions, swept: PostgresSweptDeadLetters
) -> None:
    await swept.add([record("here"), record("gone")])
    since = (await swept.expected()).at

    assert await swept.keep_only({record("here").key}, since) == 1
    assert await states(sessions) == {"here": ("dead", 1, False), "gone": ("vanished", 1, False)}

    since = (await swept.expected()).at
    await swept.found({record("here").key: 1, record("gone").key: 2}, since)
    assert await states(sessions) == {"here": ("dead", 1, False), "gone": ("dead", 2, False)}


async def test_a_letter_recorded_while_the_sweep_looked_is_left_alone(
    sessions: Sessions, swept: PostgresSweptDeadLetters
) -> None:
    since = (await swept.expected()).at
    await swept.add([record()])

    assert await swept.keep_only(set(), since) == 0

    assert await states(sessions) == {"m-1": ("dead", 1, False)}


async def test_what_was_applied_after_all_is_settled(
    sessions: Sessions, swept: PostgresSweptDeadLetters
) -> None:
    event = creation("a")
    letter = dead_letter(event.message_id, properties={"app_id": event.source})
    await swept.add([to_record(letter)])
    await apply_events(sessions, [event])

    assert await swept.keep_only(set(), (await swept.expected()).at) == 0

    assert await states(sessions) == {event.message_id: ("applied", 1, True)}


async def test_a_letter_for_which_another_stands_is_settled(
    sessions: Sessions, swept: PostgresSweptDeadLetters
) -> None:
    first, second = dead_letter("m"), dead_letter("m", x_attempts=9)
    assert (first.content_key == second.content_key, first.key == second.key) == (True, False)
    await swept.add([to_record(first), to_record(second)])

    assert await swept.keep_only({second.key}, (await swept.expected()).at) == 0

    async with sessions() as session:
        rows = await session.execute(text("SELECT state FROM dead_letters ORDER BY id"))
        assert rows.scalars().all() == ["replaced", "dead"]


async def test_settled_rows_are_pruned_and_open_ones_are_kept(
    sessions: Sessions, swept: PostgresSweptDeadLetters
) -> None:
    await swept.add([record("open"), record("done")])
    await settle(sessions, "done")

    assert await Pruner(sessions, timedelta(0), DEFAULT_DURATIONS).prune() == 1

    assert await states(sessions) == {"open": ("dead", 1, False)}
