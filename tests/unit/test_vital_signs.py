import asyncio

from structlog.testing import capture_logs

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
