from typing import Any

import pytest
from hypothesis import given
from pamqp import encode
from pamqp.commands import Basic

from tests.support.arbitrary import HEADERS, WIRE_TEXT
from tests.support.examples import examples
from tests.support.messages import clock, message_with
from worker.application.outcomes import Failure
from worker.domain.error_code import ErrorCode
from worker.infra.messaging.headers import REPLACES
from worker.infra.messaging.history import History
from worker.infra.messaging.names import EVENTS_EXCHANGE, WORKER_EXCHANGE

FAILURE = Failure(ErrorCode.UNKNOWN_TYPE, "type: found another")


def history_of(headers: dict[str, Any], exchange: str, routing_key: str = "k") -> History:
    delivery = message_with(b"", Basic.Properties(headers=headers), exchange, routing_key)
    return History.of(delivery, WORKER_EXCHANGE)


def test_a_copy_adds_an_attempt_and_keeps_where_it_all_began() -> None:
    first = history_of({}, EVENTS_EXCHANGE, "inventory.price-changed.v1")
    copy = first.headers_after(FAILURE, clock(), "1.2.3")

    second = history_of(copy, WORKER_EXCHANGE, "inventory-worker")

    assert copy["x-attempts"] == 1
    assert second.attempts == 1
    assert second.first_error_at == "2026-11-22T12:00:00.000+00:00"
    assert second.original_exchange == EVENTS_EXCHANGE
    assert second.original_routing_key == "inventory.price-changed.v1"


@pytest.mark.parametrize("exchange", [EVENTS_EXCHANGE, "", "amq.topic"])
def test_a_publisher_has_no_say_in_the_history(exchange: str) -> None:
    claims = {"x-attempts": 999, "x-replays": 1, "x-original-exchange": "forged"}

    history = history_of(claims, exchange)

    assert (history.attempts, history.replays) == (0, 0)
    assert history.original_exchange == exchange


def test_the_default_exchange_is_remembered_as_such() -> None:
    copy = history_of({}, "").headers_after(FAILURE, clock(), "1.2.3")

    assert history_of(copy, WORKER_EXCHANGE).original_exchange == ""


@pytest.mark.parametrize("count", ["3", -1, 2**31, 1.5, None, b"3"])
def test_a_count_that_makes_no_sense_is_none(count: Any) -> None:
    assert history_of({"x-attempts": count}, WORKER_EXCHANGE).attempts == 0


def test_counts_up_to_what_an_integer_of_the_wire_holds_are_read() -> None:
    headers = {"x-attempts": 2**31 - 1, "x-replays": 1}

    history = history_of(headers, WORKER_EXCHANGE)

    assert (history.attempts, history.replays) == (2**31 - 1, 1)
    copy = history_of({"x-attempts": 3}, WORKER_EXCHANGE).headers_after(FAILURE, clock(), "1.2.3")
    assert (copy["x-attempts"], copy["x-replays"]) == (4, 0)


def test_names_as_long_as_a_printed_one_can_be_are_read_and_longer_ones_are_not() -> None:
    longest = r"\xff" * 255
    for name, read in ((longest, longest), (longest + "x", WORKER_EXCHANGE)):
        headers = {"x-original-exchange": name}

        assert history_of(headers, WORKER_EXCHANGE).original_exchange == read


def test_a_copy_tells_when_why_and_by_whom_it_failed() -> None:
    copy = history_of({}, EVENTS_EXCHANGE, "k").headers_after(FAILURE, clock(), "1.2.3")

    at = "2026-11-22T12:00:00.000+00:00"
    assert copy == {
        "x-error-code": "unknown-type",
        "x-error-detail": "type: found another",
        "x-error-at": at,
        "x-first-error-at": at,
        "x-attempts": 1,
        "x-replays": 0,
        "x-original-exchange": EVENTS_EXCHANGE,
        "x-original-routing-key": "k",
        "x-worker-version": "1.2.3",
    }


def test_a_detail_is_cut_at_its_2048th_byte() -> None:
    for length, kept in ((2048, 2048), (2049, 2048)):
        failure = Failure(ErrorCode.INVALID_EVENT, "x" * length)
        copy = history_of({}, "").headers_after(failure, clock(), "1.2.3")

        assert copy["x-error-detail"] == "x" * kept


def test_a_routing_key_that_is_not_utf_8_is_told_in_print() -> None:
    headers = history_of({}, "\udcfe", "\udcff.a").headers_after(FAILURE, clock(), "1.2.3")

    assert headers["x-original-exchange"] == r"\xfe"
    assert headers["x-original-routing-key"] == r"\xff.a"


def test_a_detail_has_at_most_2_kib_and_no_half_character() -> None:
    failure = Failure(ErrorCode.INVALID_EVENT, "é" * 2000 + "\udcff")

    detail = history_of({}, "").headers_after(failure, clock(), "1.2.3")["x-error-detail"]

    assert detail == "é" * 1024


@examples(300)
@given(HEADERS, WIRE_TEXT, WIRE_TEXT)
def test_bookkeeping_can_be_sent_whatever_came(
    headers: dict[str, Any], exchange: str, routing_key: str
) -> None:
    headers.pop(REPLACES, None)  # passed on as it stands; republishing drops what cannot be sent

    for through in (exchange, WORKER_EXCHANGE):
        history = history_of(headers, through, routing_key)
        size = len(encode.field_table(history.headers_after(FAILURE, clock(), "1.2.3")))

        assert size < 8 * 1024
