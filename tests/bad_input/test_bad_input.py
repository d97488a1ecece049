import json

import pytest
from aio_pika.abc import AbstractIncomingMessage

from tests.bad_input.applied_rows import APPLIED_ROWS
from tests.bad_input.conftest import Aftermath, Running, Send, assert_undisturbed, look
from tests.bad_input.envelope_rows import ENVELOPE_ROWS
from tests.bad_input.field_rows import FIELD_ROWS
from tests.bad_input.json_rows import JSON_ROWS
from tests.bad_input.row import Row, car
from tests.support.raw_publisher import short

OF_A_KNOWN_CAR = {
    "id-reused": Row("message-id-reused", car(year=2021), {"message_id": short(b"after-no-id")}),
    "car-already-exists": Row("car-already-exists", car(car_id="after-no-id", year=2021)),
}
"""They contradict a good car of the table: the one that follows the row `no-id`."""

REFUSED_ROWS = {**JSON_ROWS, **FIELD_ROWS, **ENVELOPE_ROWS, **OF_A_KNOWN_CAR}
RETRIED = {"unknown-type"}
LARGEST_DETAIL_BYTES = 2048


@pytest.fixture(scope="module")
async def aftermath(running: Running, send: Send) -> Aftermath:
    """All rows of this file, sent to one worker between good cars."""
    await send({**REFUSED_ROWS, **APPLIED_ROWS})
    return await look(running.servers)


@pytest.mark.parametrize("name", REFUSED_ROWS)
def test_bad_input_is_a_dead_letter_that_says_why(name: str, aftermath: Aftermath) -> None:
    row = REFUSED_ROWS[name]
    [dead] = aftermath.dead_letters[name]

    assert dead.headers["x-error-code"] == row.code
    assert 0 < len(_text(dead, "x-error-detail").encode()) <= LARGEST_DETAIL_BYTES
    assert dead.headers["x-attempts"] == (2 if row.code in RETRIED else 1)
    assert dead.headers["x-replays"] == 0
    assert dead.headers["x-original-exchange"] == "inventory.events"
    assert dead.headers["x-original-routing-key"] == "inventory.car-created.v1"
    assert _text(dead, "x-first-error-at") <= _text(dead, "x-error-at")
    assert dead.body == row.message(name).body


@pytest.mark.parametrize("name", [*REFUSED_ROWS, *APPLIED_ROWS])
def test_the_good_message_after_it_is_applied(name: str, aftermath: Aftermath) -> None:
    assert aftermath.cars[f"after-{name}"].make == "Nissan"


@pytest.mark.parametrize("name", APPLIED_ROWS)
def test_what_only_looks_odd_is_applied(name: str, aftermath: Aftermath) -> None:
    assert name in aftermath.cars
    assert name not in aftermath.dead_letters


@pytest.mark.parametrize("name", FIELD_ROWS)
def test_the_detail_names_the_field(name: str, aftermath: Aftermath) -> None:
    [dead] = aftermath.dead_letters[name]
    wrong = [field for field in car() if name.startswith(field)]

    detail = _text(dead, "x-error-detail")

    assert all(f"{field}: " in detail for field in wrong or ["make"])


def test_bad_input_leaves_nothing_in_the_catalog(aftermath: Aftermath) -> None:
    names = {f"after-{name}" for name in (*REFUSED_ROWS, *APPLIED_ROWS)} | APPLIED_ROWS.keys()

    assert aftermath.cars.keys() == names
    assert aftermath.dead_letters.keys() == REFUSED_ROWS.keys()


def test_a_nameless_message_is_given_no_id(aftermath: Aftermath) -> None:
    for name in ("no-id", "empty-id", "id-not-utf-8"):
        [dead] = aftermath.dead_letters[name]
        assert dead.headers["x-no-message-id"] is True, name


def test_numbers_keep_every_digit(aftermath: Aftermath) -> None:
    prices = {
        name: str(aftermath.cars[name].price.amount)
        for name in ("price-as-integer", "price-as-number", "price-as-highest-number")
    }

    assert list(prices.values()) == ["349999.00", "349999.50", "9999999999.99"]


def test_the_worker_took_it_all_without_a_restart(running: Running, aftermath: Aftermath) -> None:
    assert aftermath.cars
    assert_undisturbed(running)


def test_nothing_a_publisher_wrote_is_logged_as_it_stands(
    running: Running, aftermath: Aftermath
) -> None:
    assert aftermath.dead_letters
    assert "\x1b" not in running.worker.log
    assert "\x00" not in running.worker.log


def _text(dead: AbstractIncomingMessage, header: str) -> str:
    text = dead.headers[header]
    assert isinstance(text, str), json.dumps(dead.headers, default=str)
    return text
