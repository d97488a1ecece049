from datetime import UTC, datetime, timedelta

import pytest
import typer

from worker.cli.dlq.options import parse_instant


def test_an_age_is_an_instant_that_long_ago() -> None:
    ago = datetime.now(UTC) - parse_instant("30m")

    assert abs(ago - timedelta(minutes=30)) < timedelta(minutes=1)


@pytest.mark.parametrize("text", ["soon", "2026-01-31T02:50:00", "999999d", "0m"])
def test_what_is_no_instant_is_said_with_an_example(text: str) -> None:
    with pytest.raises(typer.BadParameter, match=r"2026-01-31T02:50:00Z nor an age such as 30m"):
        parse_instant(text)
