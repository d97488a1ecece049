import asyncio
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from worker.domain.ports.unit_of_work import StoreUnavailableError
from worker.infra.durations import Durations
from worker.infra.fleet import Pause
from worker.infra.messaging.consuming.pause_switch import PauseSwitch

PAUSE = Pause(1, "maintenance", "ana", datetime(2026, 1, 1, tzinfo=UTC), None, None, None)
DURATIONS = Durations(pause_every=0.001, pause_answer=0.05)


class Database:
    """Answers, is away (an error), or hangs."""

    def __init__(self) -> None:
        self.pause: Pause | None = PAUSE
        self.trouble: Exception | None = None
        self.hangs = False
        self.asked = 0
        self._more = asyncio.Event()

    async def ask(self) -> Pause | None:
        self.asked += 1
        self._more.set()
        if self.hangs:
            await asyncio.Event().wait()
        if self.trouble is not None:
            raise self.trouble
        return self.pause

    async def asked_again(self, times: int = 2) -> None:
        for _ in range(times):
            self._more.clear()
            await self._more.wait()


async def test_a_database_that_is_away_or_hangs_changes_nothing() -> None:
    database = Database()
    switch = PauseSwitch(database.ask, DURATIONS)
    await switch.ask()
    asking = asyncio.create_task(switch.run())

    with capture_logs() as logs:
        database.trouble = StoreUnavailableError("PostgreSQL: away")
        await database.asked_again()
        assert switch.pause == PAUSE
        database.trouble, database.hangs = None, True
        await database.asked_again()
        assert switch.pause == PAUSE
    database.hangs, database.pause = False, None
    async with asyncio.timeout(5):
        await switch.wait_other(PAUSE)

    assert [entry["reason"] for entry in logs] == [
        "PostgreSQL: away",
        "PostgreSQL has not answered for 0.05 s",
    ]
    asking.cancel()


async def test_a_database_that_hangs_is_a_store_that_is_away() -> None:
    database = Database()
    database.hangs = True

    with pytest.raises(StoreUnavailableError, match="has not answered"):
        await PauseSwitch(database.ask, DURATIONS).ask()
