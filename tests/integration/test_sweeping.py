"""Which server is blamed when dead letters cannot be counted or swept."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from dev.servers import Servers
from dev.servers.ports import free_port
from worker.composition.common import Common
from worker.composition.sweeping import sweep_and_count
from worker.dead_letters.backlog_check import check_backlog
from worker.infra.clocks import utc_now
from worker.infra.db.engine import Sessions, database
from worker.infra.durations import DEFAULT_DURATIONS
from worker.infra.messaging.dead_letters.errors import DeadLettersError
from worker.infra.messaging.dead_letters.sweep import Look
from worker.settings import read_settings


@pytest.fixture
def nowhere() -> str:
    """A port at which nobody listens."""
    return f"127.0.0.1:{free_port()}"


@pytest.fixture
def away(nowhere: str, empty: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    """A RabbitMQ that is away."""
    monkeypatch.setenv("DATABASE_URL", empty.database_url)
    monkeypatch.setenv("RABBITMQ_URL", f"amqp://{nowhere}/")


async def said_of_a_sweep(engine: AsyncEngine, sessions: Sessions) -> str:
    common = Common.of(read_settings(), DEFAULT_DURATIONS, engine, sessions)
    with pytest.raises(DeadLettersError) as failed:
        await sweep_and_count(common, Look.IF_COUNTS_DIFFER)
    return str(failed.value)


@pytest.mark.usefixtures("away")
async def test_a_sweep_says_that_rabbitmq_is_away(engine: AsyncEngine, sessions: Sessions) -> None:
    assert (await said_of_a_sweep(engine, sessions)).startswith("RabbitMQ: ")


@pytest.mark.usefixtures("away")
async def test_a_sweep_that_loses_rabbitmq_after_it_has_counted_says_so(
    engine: AsyncEngine, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def count(*_: object) -> int:
        return 3

    monkeypatch.setattr("worker.infra.messaging.dead_letters.sweep.count_dead_letters", count)

    assert (await said_of_a_sweep(engine, sessions)).startswith("RabbitMQ: ")


@pytest.mark.usefixtures("away")
async def test_a_sweep_says_that_postgresql_is_away(nowhere: str) -> None:
    async with database(lambda: f"postgresql://{nowhere}/inventory") as (engine, sessions):
        assert (await said_of_a_sweep(engine, sessions)).startswith("PostgreSQL: ")


async def test_doctor_names_the_server_that_does_not_count_the_dead_letters(
    nowhere: str, empty: Servers, sessions: Sessions
) -> None:
    async with database(lambda: f"postgresql://{nowhere}/inventory") as (_, away):
        broker = await check_backlog(sessions, f"amqp://{nowhere}/", utc_now(), DEFAULT_DURATIONS)
        store = await check_backlog(away, empty.rabbitmq_url, utc_now(), DEFAULT_DURATIONS)

    assert (broker.problem or "").startswith("RabbitMQ: ")
    assert (store.problem or "").startswith("PostgreSQL: ")
