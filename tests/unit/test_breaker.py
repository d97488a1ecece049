import pytest
from pamqp.commands import Basic

from tests.support.settling import RecordingChannel
from worker.application.outcomes import Failure, Outcome, Result
from worker.domain.error_code import ErrorCode
from worker.infra.messaging.amqp.delivery import Delivery
from worker.infra.messaging.amqp.message import Message
from worker.infra.messaging.consuming.breaker import HANDFUL, WINDOW, Breaker
from worker.infra.messaging.consuming.received import Received
from worker.infra.messaging.headers import ATTEMPTS, REPLAYS
from worker.infra.messaging.names import WORKER_EXCHANGE

BUG = Failure(ErrorCode.UNEXPECTED_ERROR, "ZeroDivisionError")
INVALID = Failure(ErrorCode.INVALID_EVENT, "bad")
FINE = Outcome.APPLIED


def result(id_: str, result: Result, **headers: int) -> tuple[Received, Result]:
    """The result of a message; `attempts` and `replays` make it a retry or a replay."""
    names = {"attempts": ATTEMPTS, "replays": REPLAYS}
    properties = Basic.Properties(
        message_id=id_, headers={names[name]: value for name, value in headers.items()}
    )
    exchange = WORKER_EXCHANGE if headers else "inventory.events"
    delivery = Delivery(Message(b"{}", properties, exchange, "k"), 1, RecordingChannel())
    return Received(delivery, BUG), result


def batch(prefix: str, count: int, each: Result, **headers: int) -> list[tuple[Received, Result]]:
    return [result(f"{prefix}{i}", each, **headers) for i in range(count)]


def is_open(breaker: Breaker) -> bool:
    """As a call, so that mypy does not take it for unchanged."""
    return breaker.is_open


@pytest.fixture
def breaker() -> Breaker:
    return Breaker()


@pytest.fixture
def opened(breaker: Breaker) -> Breaker:
    breaker.judge(batch("bad", HANDFUL, BUG))
    assert is_open(breaker)
    return breaker


def test_a_batch_of_which_most_fail_opens_it(breaker: Breaker) -> None:
    breaker.judge(batch("good", 1000, FINE))

    breaker.judge([*batch("x", 200, FINE), *batch("bad", 201, BUG)])

    assert is_open(breaker)


def test_a_batch_of_which_half_fail_does_not(breaker: Breaker) -> None:
    breaker.judge([*batch("x", 200, FINE), *batch("bad", 200, BUG)])

    assert not is_open(breaker)


def test_small_batches_are_judged_together(breaker: Breaker) -> None:
    breaker.judge(batch("good", 100, FINE))
    opened_after = 0
    while not is_open(breaker):
        opened_after += 1
        breaker.judge([result(f"bad{opened_after}", BUG)])

    assert opened_after == WINDOW // 2 + 1


def test_fewer_than_a_handful_prove_nothing(breaker: Breaker) -> None:
    breaker.judge(batch("bad", HANDFUL - 1, BUG))
    assert not is_open(breaker)

    breaker.judge([result("another", BUG)])
    assert is_open(breaker)


def test_one_message_that_fails_again_and_again_does_not_open_it(breaker: Breaker) -> None:
    for _ in range(100):
        breaker.judge([result("bad", BUG)])

    assert not is_open(breaker)


@pytest.mark.parametrize("headers", [{"attempts": 1}, {"replays": 1}])
def test_retries_and_replays_that_fail_do_not_open_it(
    breaker: Breaker, headers: dict[str, int]
) -> None:
    breaker.judge(batch("bad", 100, BUG, **headers))

    assert not is_open(breaker)


def test_errors_of_publishers_neither_open_nor_close_it(breaker: Breaker) -> None:
    breaker.judge(batch("invalid", 1000, INVALID))
    assert not is_open(breaker)

    breaker.judge([*batch("invalid", 1000, INVALID), *batch("bad", HANDFUL, BUG)])
    assert is_open(breaker)

    breaker.judge(batch("invalid", 1000, INVALID))
    assert is_open(breaker)


def test_a_duplicate_does_not_close_it(opened: Breaker) -> None:
    opened.judge(batch("twice", 100, Outcome.DUPLICATE))

    assert is_open(opened)


def test_a_message_that_failed_and_now_succeeds_closes_it(opened: Breaker) -> None:
    opened.judge([result("bad3", FINE), result("bad4", BUG)])

    assert not is_open(opened)


def test_after_the_fault_was_mended_the_same_messages_open_it_again(opened: Breaker) -> None:
    opened.judge([result("bad3", FINE)])

    opened.judge(batch("bad", HANDFUL, BUG))

    assert is_open(opened)


def test_as_many_others_that_succeed_close_it(opened: Breaker) -> None:
    for i in range(HANDFUL - 1):
        opened.judge([result(f"good{i}", FINE), result(f"bad{i}", BUG)])
        assert is_open(opened)

    opened.judge([result("last", FINE)])

    assert not is_open(opened)


def test_what_then_still_fails_is_at_fault_itself(opened: Breaker) -> None:
    opened.judge(batch("good", HANDFUL, FINE))

    opened.judge(batch("bad", HANDFUL, BUG))
    assert not is_open(opened)

    opened.judge(batch("new", HANDFUL, BUG))
    assert is_open(opened)


def test_a_retry_that_succeeds_closes_it_too(opened: Breaker) -> None:
    opened.judge([result("bad0", FINE, attempts=1)])

    assert not is_open(opened)
