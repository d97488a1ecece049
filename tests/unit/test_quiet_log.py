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


@pytest.mark.parametrize(
    ("reason", "again"),
    [
        ("('127.0.0.1', 5672)", "('127.0.0.2', 5673)"),
        ("from [::1]:40018", "from [fe80::1c]:40019"),
        ("user connection limit (7) is reached", "user connection limit (12) is reached"),
        ("no answer of <Frame object at 0x7f62>", "no answer of <Frame object at 0x7fa1>"),
    ],
)
def test_a_trouble_is_the_same_whatever_it_counts(
    reason: str, again: str, trouble: RepeatLimitedLog, lines: Lines
) -> None:
    trouble.warn("waiting", reason)
    trouble.warn("waiting", again)

    assert [details["reason"] for _, details in lines.said] == [reason]


def test_another_error_of_the_system_is_another_trouble(
    trouble: RepeatLimitedLog, lines: Lines
) -> None:
    trouble.warn("waiting", "[Errno 111] Connect call failed ('127.0.0.1', 5672)")
    trouble.warn("waiting", "[Errno 113] Connect call failed ('127.0.0.1', 5672)")

    assert len(lines.said) == 2


def test_a_trouble_that_was_over_is_news(trouble: RepeatLimitedLog, lines: Lines) -> None:
    trouble.warn("holding", "refused")
    trouble.over()
    trouble.warn("holding", "refused")

    assert len(lines.said) == 2
