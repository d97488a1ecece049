from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.letters import CHANGED, dead_letter, dead_message
from worker.domain.value_objects.message_identity import MessageIdentity
from worker.infra.messaging.dead_letters.contents import (
    NOT_JSON,
    read_car_id,
    read_data,
    read_document,
)

DEATH: dict[str, Any] = {
    "reason": "expired",
    "queue": "inventory-worker.retry.5s",
    "exchange": "inventory.events",
    "routing-keys": ["k"],
    "time": datetime(2026, 1, 1, tzinfo=UTC),
}


def test_what_the_worker_wrote_is_read_back() -> None:
    letter = dead_letter()

    assert (letter.code, letter.detail, letter.type) == (
        "invalid-event",
        "make: is missing",
        CHANGED,
    )
    assert letter.died_at == datetime(2026, 1, 31, 2, 50, tzinfo=UTC)
    assert letter.first_failed_at == datetime(2026, 1, 31, 2, 0, tzinfo=UTC)
    assert (letter.history.attempts, letter.history.replays) == (4, 1)
    assert letter.identity == MessageIdentity("/dealers", "m-1")
    assert (letter.message_id, letter.handle, letter.source) == ("m-1", "m-1", "/dealers")


def test_what_nobody_explained_is_foreign() -> None:
    letter = dead_letter(x_error_code=None, x_error_detail=None, x_error_at=None)

    assert (letter.code, letter.detail, letter.died_at) == ("foreign", "", None)


def test_a_death_that_the_broker_noted_counts_before_what_the_headers_claim() -> None:
    first = {**DEATH, "reason": "rejected", "exchange": "first", "routing-keys": ["first-key"]}

    letter = dead_letter(x_death=[DEATH, first])

    assert letter.code == "broker:expired"
    assert letter.detail == "RabbitMQ moved it here from queue inventory-worker.retry.5s"
    assert letter.died_at == letter.first_failed_at == DEATH["time"]
    history = letter.history
    assert (history.attempts, history.replays) == (0, 0)
    assert (history.original_exchange, history.original_routing_key) == ("first", "first-key")


@pytest.mark.parametrize("forged", ["often", [], [1, "a"], {"reason": "x"}])
def test_a_death_that_no_broker_notes_like_this_is_ignored(forged: object) -> None:
    assert dead_letter(x_death=forged).code == "invalid-event"


@pytest.mark.parametrize("keys", [None, [], "k"])
def test_a_death_without_routing_keys_has_an_empty_one(keys: object) -> None:
    assert dead_letter(x_death=[{**DEATH, "routing-keys": keys}]).history.original_routing_key == ""


@pytest.mark.parametrize("at", ["yesterday", "2026-01-31T02:50:00", 5, datetime(2026, 1, 1)])  # noqa: DTZ001 - refused
def test_a_time_that_is_no_instant_is_unknown(at: object) -> None:
    assert dead_letter(x_error_at=at, x_first_error_at=None).died_at is None


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_an_instant_beyond_the_calendar_of_utc_is_unknown(at: str) -> None:
    """PostgreSQL would keep it, and no driver could read it."""
    assert dead_letter(x_error_at=at, x_first_error_at=None).died_at is None


def test_without_an_identity_the_properties_name_a_letter() -> None:
    letter = dead_letter("a\nb", properties={"app_id": "s\x1b"})

    assert letter.identity is None
    assert (letter.message_id, letter.source) == (r"a\nb", r"s\x1b")


def test_without_any_id_or_source_a_letter_has_a_stand_in() -> None:
    letter = dead_letter(None, properties={"app_id": None})

    assert letter.message_id is None
    assert letter.source == ""
    assert letter.handle.startswith("nameless-")


def test_the_car_is_read_from_plain_and_from_structured_bodies() -> None:
    structured = {"content_type": "Application/CloudEvents+JSON; charset=utf-8"}
    inside = b'{"id": "i", "data": {"car_id": "car-9"}}'

    assert read_car_id(dead_message()) == "car-1"
    assert read_car_id(dead_message(body=inside, properties=structured)) == "car-9"
    assert read_data(dead_message(body=b'{"id": 1}', properties=structured)) is NOT_JSON
    assert read_data(dead_message(body=b"[]", properties=structured)) is NOT_JSON
    assert read_document(dead_message(body=b"<car/>")) is NOT_JSON


@pytest.mark.parametrize("body", [b'{"car_id": 7}', b"[1]", b"no json", b"{}"])
def test_a_body_that_names_no_car_has_none(body: bytes) -> None:
    assert read_car_id(dead_message(body=body)) is None
