from worker.infra.durations import Durations
from worker.infra.messaging.consuming.backoff import Backoff

DURATIONS = Durations(first_pause=1, longest_pause=5)


def pauses(count: int) -> list[float]:
    backoff = Backoff(DURATIONS)
    return [backoff.next_pause() for _ in range(count)]


def test_pauses_double_up_to_the_longest_each_a_half_more_or_less() -> None:
    for tried in (pauses(6) for _ in range(200)):
        for pause, middle in zip(tried, (1, 2, 4, 5, 5, 5), strict=True):
            assert 0.5 * middle <= pause <= 1.5 * middle


def test_workers_that_lost_a_server_together_do_not_come_back_together() -> None:
    assert len({pauses(1)[0] for _ in range(20)}) == 20


def test_the_time_since_the_first_attempt_grows_from_zero() -> None:
    backoff = Backoff(DURATIONS)

    first = backoff.elapsed

    assert 0 <= first <= backoff.elapsed < 5
