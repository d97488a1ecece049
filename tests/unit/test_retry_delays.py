import pytest

from worker.infra.messaging.names import retry_queue
from worker.infra.messaging.retry_delays import parse_retry_delays


def test_delays_are_read_in_the_order_given() -> None:
    delays = parse_retry_delays("250ms, 5s,30s,2m,24h")

    assert [delay.text for delay in delays] == ["250ms", "5s", "30s", "2m", "24h"]
    assert [delay.milliseconds for delay in delays] == [250, 5_000, 30_000, 120_000, 86_400_000]


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [("1ms", 1), ("1s", 1_000), ("1m", 60_000), ("1h", 3_600_000), ("86400s", 86_400_000)],
)
def test_a_delay_may_have_any_length_up_to_a_day(text: str, milliseconds: int) -> None:
    [delay] = parse_retry_delays(text)

    assert (delay.text, delay.milliseconds) == (text, milliseconds)
    assert parse_retry_delays((delay,)) == (delay,)
    assert retry_queue(delay) == f"inventory-worker.retry.{text}"


@pytest.mark.parametrize("text", ["none", "None", " ", ","])
def test_no_delays_mean_no_retries(text: str) -> None:
    assert parse_retry_delays(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "5",
        "s",
        "0s",
        "05s",
        "-5s",
        "5 s",
        "1.5s",
        "5S",
        "5d",
        "25h",
        "86401s",
        "９s",
        "5s;30s",
        "inf",
    ],
)
def test_what_is_no_delay_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="a delay is a number with ms, s, m or h"):
        parse_retry_delays(text)
