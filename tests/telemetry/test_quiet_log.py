from worker.infra.repeat_limited_log import REPEAT_SECONDS, RepeatLimitedLog


class _Lines(list[dict[str, object]]):
    def warning(self, event: str, **details: object) -> None:
        self.append({"event": event, **details})


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_lasting_trouble_is_one_line_however_often_it_is_met() -> None:
    lines = _Lines()
    trouble = RepeatLimitedLog(lines, _Clock())

    for _ in range(100):
        trouble.warn("waiting", "refused")

    assert lines == [{"event": "waiting", "reason": "refused"}]


def test_faces_that_a_trouble_shows_in_turn_are_one_line_each() -> None:
    lines = _Lines()
    trouble = RepeatLimitedLog(lines, _Clock())

    for _ in range(100):
        trouble.warn("waiting", "refused")
        trouble.warn("waiting", "reset")

    assert [line["reason"] for line in lines] == ["refused", "reset"]


def test_a_trouble_that_stays_is_said_again_and_how_often_it_was_not() -> None:
    lines, clock = _Lines(), _Clock()
    trouble = RepeatLimitedLog(lines, clock)
    for _ in range(5):
        trouble.warn("waiting", "refused")

    clock.now = REPEAT_SECONDS
    trouble.warn("waiting", "refused")

    assert lines[1] == {"event": "waiting", "reason": "refused", "left_unsaid": 4}


def test_a_trouble_that_was_over_is_news_again() -> None:
    lines = _Lines()
    trouble = RepeatLimitedLog(lines, _Clock())
    trouble.warn("waiting", "refused")

    trouble.over()
    trouble.warn("waiting", "refused")

    assert len(lines) == 2
