"""The sweep of dead letters as a worker does it: which server it blames."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from dev.servers import Servers
from dev.servers.ports import free_port
from worker.composition.common import Common
from worker.composition.sweeping import sweep_and_count
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
async def test_a_sweep_says_that_postgresql_is_away(nowhere: str) -> None:
    async with database(lambda: f"postgresql://{nowhere}/inventory") as (engine, sessions):
        assert (await said_of_a_sweep(engine, sessions)).startswith("PostgreSQL: ")
