from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from sqlalchemy import text

from dev.worker_process import WorkerProcess, wait_until
from tests.conftest import StartWorker
from tests.support.broker import DEAD_LETTERS, Broker
from tests.support.car_events import creation, of_a_type_to_come, price_change
from tests.support.catalog import read_cars
from tests.support.hooked_worker import HOOKED
from tests.support.retries import SHORT
from worker.infra.db.engine import Sessions

TRIALS_OF_A_SUSPECT = 5
DELIVERIES_BEFORE_SUSPICION = 2
REFUSAL = {
    "on": (
        """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN RAISE EXCEPTION 'not now' USING ERRCODE = '55000'; END $$""",
        """CREATE TRIGGER refuse BEFORE INSERT ON processed_messages FOR EACH ROW
           WHEN (NEW.message_id NOT LIKE 'probe %') EXECUTE FUNCTION refuse()""",
    ),
    "off": ("DROP FUNCTION IF EXISTS refuse CASCADE",),
}


class Table:
    """A table that an operator takes away, and brings back."""

    def __init__(self, sessions: Sessions, name: str) -> None:
        self._sessions = sessions
        self._name = name
        self._is_away = False

    async def take_away(self) -> None:
        await self._execute(f"ALTER TABLE {self._name} RENAME TO {self._name}_away")
        self._is_away = True

    async def bring_back(self) -> None:
        if self._is_away:
            await self._execute(f"ALTER TABLE {self._name}_away RENAME TO {self._name}")
            self._is_away = False

    async def _execute(self, statement: str) -> None:
        async with self._sessions.begin() as session:
            await session.execute(text(statement))


@pytest.fixture(params=["cars", "processed_messages"])
async def table(request: pytest.FixtureRequest, sessions: Sessions) -> AsyncIterator[Table]:
    table = Table(sessions, request.param)
    yield table
    await table.bring_back()


async def test_while_a_table_is_away_messages_wait_and_then_are_applied(
    table: Table, start_worker: StartWorker, broker: Broker, sessions: Sessions
) -> None:
    worker = start_worker(**SHORT)
    await table.take_away()
    await broker.publish([creation("a"), price_change("a"), creation("b"), of_a_type_to_come()])
    wait_until(lambda: worker.status("/health/ready") == 503, lambda: worker.log)
    assert worker.count_results() == {}

    await table.bring_back()

    assert worker.wait_results(4) == {"applied": 3, "unknown-type": 1}
    assert (await read_cars(sessions)).keys() == {"a", "b"}
    assert len(await broker.take_all(DEAD_LETTERS)) == 1


@pytest.fixture
async def refuse_messages(sessions: Sessions) -> AsyncIterator[Callable[[str], Awaitable[None]]]:
    """Turns an outage on or off that messages meet, and the look at the database does not."""

    async def turn(on_or_off: str) -> None:
        async with sessions.begin() as session:
            for statement in REFUSAL[on_or_off]:
                await session.execute(text(statement))

    yield turn
    await turn("off")


@pytest.mark.slow
async def test_no_outage_is_so_long_that_messages_become_dead_letters(
    start_worker: StartWorker,
    broker: Broker,
    sessions: Sessions,
    refuse_messages: Callable[[str], Awaitable[None]],
) -> None:
    worker = start_worker(*HOOKED, HOLD_SECONDS="0.01", **SHORT)
    await refuse_messages("on")
    await broker.publish([creation("a"), price_change("a")])
    wait_given_back(worker, DELIVERIES_BEFORE_SUSPICION + TRIALS_OF_A_SUSPECT + 3)
    assert worker.status("/health/ready") == 503

    await refuse_messages("off")

    assert worker.wait_results(2) == {"applied": 2}
    assert (await read_cars(sessions)).keys() == {"a"}
    assert await broker.take_all(DEAD_LETTERS) == []


def wait_given_back(worker: WorkerProcess, times: int) -> None:
    """Waits until the worker has lost patience so often."""
    wait_until(lambda: worker.log.count("subscription lost") >= times, lambda: worker.log[-2000:])
