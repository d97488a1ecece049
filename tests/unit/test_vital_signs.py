import asyncio
from contextlib import suppress

import pytest
from structlog.testing import capture_logs

from worker.infra.telemetry import vital_signs
from worker.infra.telemetry.vital_signs import beside


async def test_what_fails_beside_the_messages_is_logged_at_once() -> None:
    async def fail() -> None:
        raise KeyError("a bug")

    with capture_logs() as logs:
        async with beside(fail(), asyncio.sleep(60)):
            for _ in range(3):
                await asyncio.sleep(0)

            [entry] = logs
            assert isinstance(entry["exc_info"], KeyError)

    assert len(logs) == 1


async def test_what_misses_its_cancellation_is_cancelled_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As `asyncio.wait_for` of Python 3.11 may, under an answer of RabbitMQ at that moment."""
    monkeypatch.setattr(vital_signs, "CANCEL_AGAIN_SECONDS", 0.01)

    ended = []

    async def miss_one() -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("again")

    async with asyncio.timeout(10), beside(miss_one()):
        await asyncio.sleep(0)

    assert ended == ["again"]
