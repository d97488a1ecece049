import logging

from worker.infra.telemetry.quiet_libraries import REPEAT_SECONDS, QuietLibraries


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def _record(name: str, message: str, *arguments: object) -> logging.LogRecord:
    return logging.LogRecord(name, logging.WARNING, "", 0, message, arguments, None)


def test_a_library_says_the_same_once_in_half_a_minute_whatever_it_fills_in() -> None:
    clock = _Clock()
    quiet = QuietLibraries(clock)

    said = [quiet.filter(_record("library", "retrying in %s", i)) for i in range(3)]
    clock.now = REPEAT_SECONDS
    said.append(quiet.filter(_record("library", "retrying in %s", 4)))

    assert said == [True, False, False, True]


def test_our_own_lines_are_never_left_out() -> None:
    quiet = QuietLibraries()

    said = [quiet.filter(_record("worker.infra", "message failed")) for _ in range(3)]

    assert said == [True] * 3
