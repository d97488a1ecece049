"""The sweep of dead letters as a worker does it."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from dev.servers import Servers
from dev.servers.ports import free_port
from worker.composition.common import Common
from worker.composition.sweeping import sweep_and_count
from worker.infra.db.engine import Sessions
from worker.infra.durations import DEFAULT_DURATIONS
from worker.infra.messaging.amqp.connection import BROKER_ERRORS, in_brief
from worker.infra.messaging.dead_letters.sweep import Look
from worker.settings import read_settings


async def test_a_sweep_does_not_blame_postgresql_for_a_rabbitmq_that_is_away(
    empty: Servers, engine: AsyncEngine, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty.database_url)
    monkeypatch.setenv("RABBITMQ_URL", f"amqp://127.0.0.1:{free_port()}/")
    common = Common.of(read_settings(), DEFAULT_DURATIONS, engine, sessions)

    with pytest.raises(BROKER_ERRORS) as away:
        await sweep_and_count(common, Look.IF_COUNTS_DIFFER)

    assert "Connect call failed" in in_brief(away.value)
