import math

import pytest

from worker.infra.messaging.dead_letters.rate_limit import RateLimit, parse_rate


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("text", "per_second"), [("50/s", 50), ("9999999/s", 9_999_999), ("6/m", 0.1), ("36/h", 0.01)]
)
def test_a_rate_is_messages_per_second(text: str, per_second: float) -> None:
    assert math.isclose(parse_rate(text), per_second)


@pytest.mark.parametrize("text", ["", "5", "0/s", "01/s", "5/d", "-1/s", "5.5/s", "10000000/s"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no rate such as 50/s"):
        parse_rate(text)


@pytest.mark.parametrize(
    ("per_second", "size"),
    [(None, 100), (1, 1), (9, 1), (10, 2), (500, 100), (505, 100)],
)
def test_a_batch_is_a_fifth_of_a_second_and_at_most_100(
    per_second: float | None, size: int
) -> None:
    assert RateLimit(per_second).batch_size == size


def test_what_was_sent_delays_what_follows() -> None:
    clock = Clock()
    limit = RateLimit(10, clock)
    assert limit.delay() == 0

    limit.spend(5)
    assert limit.delay() == 0.5
    limit.spend(5)
    assert limit.delay() == 1

    clock.now += 5
    assert limit.delay() == 0
    limit.spend(1)
    assert math.isclose(limit.delay(), 0.1)


def test_without_a_rate_nothing_waits() -> None:
    limit = RateLimit(None)
    limit.spend(1000)

    assert (limit.delay(), limit.messages_in(20)) == (0, math.inf)
    assert RateLimit(0.5).messages_in(20) == 10
