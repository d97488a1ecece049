import pytest

from worker.infra.repeat_limited_log import RepeatLimitedLog

REPEAT_SECONDS = 30.0


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Lines:
    def __init__(self) -> None:
        self.said: list[tuple[str, dict[str, object]]] = []

    def warning(self, event: str, **details: object) -> None:
        self.said.append((event, details))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lines() -> Lines:
    return Lines()


@pytest.fixture
def trouble(lines: Lines, clock: Clock) -> RepeatLimitedLog:
    return RepeatLimitedLog(lines, REPEAT_SECONDS, clock)


def test_a_lasting_trouble_is_said_once(trouble: RepeatLimitedLog, lines: Lines) -> None:
    for _ in range(100):
        trouble.warn("holding", "refused")

    assert lines.said == [("holding", {"reason": "refused"})]


def test_after_half_a_minute_it_is_said_again_and_how_often_it_was_not(
    trouble: RepeatLimitedLog, lines: Lines, clock: Clock
) -> None:
    for _ in range(3):
        trouble.warn("holding", "refused")
    clock.now = REPEAT_SECONDS

    trouble.warn("holding", "refused")

    assert lines.said[1:] == [("holding", {"reason": "refused", "suppressed": 2})]


def test_repeats_of_two_troubles_are_counted_apart(
    trouble: RepeatLimitedLog, lines: Lines, clock: Clock
) -> None:
    for reason in ("refused", "refused", "reset", "reset", "reset"):
        trouble.warn("holding", reason)
    clock.now = REPEAT_SECONDS

    trouble.warn("holding", "refused")
    clock.now = 2 * REPEAT_SECONDS
    trouble.warn("holding", "reset")

    assert [details.get("suppressed") for _, details in lines.said] == [None, None, 1, 2]


def test_another_trouble_is_news(trouble: RepeatLimitedLog, lines: Lines) -> None:
    trouble.warn("holding", "refused")
    trouble.warn("holding", "reset")
    trouble.warn("holding", "refused")

    assert [details["reason"] for _, details in lines.said] == ["refused", "reset"]


def test_a_trouble_that_was_over_is_news(trouble: RepeatLimitedLog, lines: Lines) -> None:
    trouble.warn("holding", "refused")
    trouble.over()
    trouble.warn("holding", "refused")

    assert len(lines.said) == 2
