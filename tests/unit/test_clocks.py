from datetime import UTC, datetime, timedelta

import pytest

from worker.infra.clocks import Clocks

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
APART = 60


class Time:
    """A worker's clock that can be set, PostgreSQL's that cannot, and the time of an answer."""

    def __init__(self) -> None:
        self.elapsed = 0.0
        self.ahead = 0.0
        self.answer_takes = 0.0
        self.clocks = Clocks(APART, self._ours, lambda: self.elapsed)

    def _ours(self) -> float:
        return NOON.timestamp() + self.elapsed + self.ahead

    async def measure(self) -> None:
        await self.clocks.measure(self._answer)

    async def _answer(self) -> datetime:
        self.elapsed += self.answer_takes / 2
        theirs = NOON + timedelta(seconds=self.elapsed)
        self.elapsed += self.answer_takes / 2
        return theirs


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.mark.parametrize("ahead", [-3600.0, 3600.0])
async def test_a_wrong_clock_is_told_with_both_clocks(time: Time, ahead: float) -> None:
    time.ahead = ahead

    await time.measure()

    assert time.clocks.skew == pytest.approx(ahead)
    problem = time.clocks.problem()
    assert problem is not None
    assert f"3600 s {'ahead of' if ahead > 0 else 'behind'} PostgreSQL's" in problem
    assert f"2026-01-01 {12 + ahead / 3600:.0f}:00:00+00:00 against" in problem
    assert "2026-01-01 12:00:00+00:00)" in problem


@pytest.mark.parametrize("ahead", [-60.0, -1.0, 0.0, 60.0])
async def test_a_small_difference_is_no_problem(time: Time, ahead: float) -> None:
    time.ahead = ahead

    await time.measure()

    assert time.clocks.problem() is None


async def test_before_the_first_measurement_nothing_is_said(time: Time) -> None:
    time.ahead = 3600

    assert (time.clocks.skew, time.clocks.problem()) == (0, None)


@pytest.mark.parametrize("ahead", [-150.0, 0.0, 150.0])
async def test_a_slow_answer_is_no_difference(time: Time, ahead: float) -> None:
    time.answer_takes = 300
    time.ahead = ahead

    await time.measure()

    assert time.clocks.skew == pytest.approx(0)


async def test_what_a_slow_answer_cannot_explain_is_a_difference(time: Time) -> None:
    time.answer_takes = 300
    time.ahead = -250

    await time.measure()

    assert time.clocks.skew == pytest.approx(-100)
    assert time.clocks.problem() is not None


async def test_a_clock_that_is_set_after_the_measurement_is_noticed_at_once(time: Time) -> None:
    await time.measure()

    time.elapsed += 10_000
    assert time.clocks.problem() is None
    time.ahead = -3600

    assert time.clocks.skew == pytest.approx(-3600)
    assert time.clocks.problem() is not None


async def test_the_same_difference_is_told_in_the_same_words(time: Time) -> None:
    time.ahead = -3600
    await time.measure()
    first = time.clocks.problem()

    time.elapsed += 60
    time.ahead += 0.4
    same = time.clocks.problem()
    time.ahead = -7200
    other = time.clocks.problem()

    assert first == same
    assert other is not None
    assert "7200 s behind" in other
