"""Several hosts in DATABASE_URL: each has its own time, and only a primary is worked on."""

import asyncio
import json
import socket
import time
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from dev.servers import Servers
from dev.worker_process import WorkerProcess
from tests.conftest import run_command
from tests.integration.test_failover import PROMOTE, Pair, count_cars, execute, pair
from tests.support.broker import Broker
from tests.support.car_events import creation
from tests.support.hosts import closed_host, host_of, with_hosts
from tests.support.silent_port import silent_port
from tests.support.tcp_proxy import TcpProxy
from worker.infra.db.engine import create_engine
from worker.infra.db.errors import DATABASE_ERRORS, translate
from worker.infra.db.identity import identify_database
from worker.infra.durations import Durations

__all__ = ["pair"]

SELECT = text("SELECT 1")
QUICK = Durations(first_round=0.5, database_connect=3)
"""For hosts of which none answers."""
PASSING = Durations(first_round=1.0)
"""For hosts of which one answers, in less than a second even on a busy machine."""


async def server_of(url: str) -> str:
    engine = create_engine(partial(str, url), PASSING)
    try:
        return (await identify_database(engine)).server
    finally:
        await engine.dispose()


async def refusal_of(url: str) -> str:
    engine = create_engine(partial(str, url), QUICK)
    try:
        with pytest.raises(DATABASE_ERRORS) as refused:
            await engine.connect()
    finally:
        await engine.dispose()
    return str(translate(refused.value))


async def test_a_silent_and_a_refusing_host_are_passed_over(empty: Servers) -> None:
    real = host_of(empty.database_url)
    async with silent_port() as silent:
        url = with_hosts(empty.database_url, silent.host, closed_host(), real)

        assert await server_of(url) == real
        assert silent.came == 1


async def test_the_server_that_was_found_is_asked_first_from_then_on(empty: Servers) -> None:
    async with silent_port() as silent:
        url = with_hosts(empty.database_url, silent.host, host_of(empty.database_url))
        engine = create_engine(partial(str, url), PASSING)
        async with engine.connect() as connection, engine.connect() as another:
            await connection.execute(SELECT)
            await another.execute(SELECT)
        await engine.dispose()

        assert silent.came == 1


async def test_a_server_that_falls_silent_is_left_by_every_session_once_another_answers(
    empty: Servers, frozen_host: str
) -> None:
    with TcpProxy(urlsplit(empty.database_url).port or 5432) as first:
        hosts = f"127.0.0.1:{first.port}", host_of(empty.database_url)
        engine = create_engine(partial(str, with_hosts(empty.database_url, *hosts)), QUICK)
        async with engine.connect() as busy, engine.connect() as looking:
            async with engine.connect() as idle:
                for connection in (busy, looking, idle):
                    await connection.execute(SELECT)
            first.freeze()
            first.move(int(frozen_host.rpartition(":")[2]))
            waiting = asyncio.create_task(busy.execute(SELECT))

            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await looking.execute(SELECT)
            async with asyncio.timeout(3), engine.connect() as other:
                await other.execute(SELECT)

            with pytest.raises(DBAPIError, match="connection was closed"):
                async with asyncio.timeout(3):
                    await waiting
        await engine.dispose()


async def test_each_address_of_a_name_has_its_own_time(
    empty: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = urlsplit(empty.database_url).port or 5432
    loop = asyncio.get_running_loop()

    ask = loop.getaddrinfo

    async def resolve(name: str, port: int, **options: int) -> object:
        if name != "pg":
            return await ask(name, port, **options)
        return [(0, 0, 0, "", (address, port)) for address in ("127.0.0.2", "127.0.0.1")]

    monkeypatch.setattr(loop, "getaddrinfo", resolve)
    with socket.create_server(("127.0.0.2", port)):
        server = await server_of(with_hosts(empty.database_url, f"pg:{port}"))

    assert server == f"pg:{port} (127.0.0.1)"


async def test_the_primary_is_found_behind_a_standby_and_no_primary_is_told_in_one_line(
    pair: Pair,
) -> None:
    standby, primary, closed = host_of(pair.standby_url), host_of(pair.primary_url), closed_host()

    assert await server_of(with_hosts(pair.primary_url, standby, primary)) == primary

    any_server = with_hosts(pair.primary_url, standby, primary) + "?target_session_attrs=any"
    assert await server_of(any_server) == standby
    wanted = with_hosts(pair.primary_url, primary, standby) + "?target_session_attrs="
    assert await server_of(f"{wanted}standby") == standby
    assert await server_of(f"{wanted}prefer-standby") == standby
    only = with_hosts(pair.primary_url, primary, closed) + "?target_session_attrs=prefer-standby"
    assert await server_of(only) == primary

    told = await refusal_of(with_hosts(pair.primary_url, standby, closed))
    assert told.startswith("PostgreSQL: no host of DATABASE_URL can be used: ")
    assert f"{standby}: it is a standby in recovery" in told
    assert f"{closed}: ConnectionRefusedError" in told
    assert "it is a standby in recovery (database" in await refusal_of(pair.standby_url)


async def test_a_worker_follows_a_promotion_to_the_other_host(
    pair: Pair,
    empty: Servers,
    broker: Broker,
    tmp_path: Path,
    frozen_host: str,
) -> None:
    standby, through = host_of(pair.standby_url), host_of(pair.database_url)
    url = with_hosts(pair.primary_url, frozen_host, through, standby)
    variables = {"WORKER_LOG_FORMAT": "json"}
    with WorkerProcess(url, empty.rabbitmq_url, tmp_path / "log", variables) as worker:
        await broker.publish([creation("before")])
        worker.wait_results(1)
        doctor = run_command(Servers(url, empty.rabbitmq_url), "doctor", "--json")

        pair.address.close()
        await execute(pair.standby_url, PROMOTE)
        await broker.publish([creation("after")])
        began = time.monotonic()
        worker.wait_results(2)

        assert time.monotonic() - began < 15
        assert f'"server": "{standby}", "event": "connected to another' in worker.log, worker.log
    assert f'"server": "{through}", "event": "consuming"' in worker.log
    said = {line["check"]: line["problem"] for line in json.loads(doctor.stdout)}
    assert said[f"PostgreSQL and its schema ({through})"] is None
    assert await count_cars(pair.standby_url) == 1


def test_every_command_works_with_a_silent_first_host(empty: Servers, frozen_host: str) -> None:
    url = with_hosts(empty.database_url, frozen_host, host_of(empty.database_url))

    for command in ("migrate", "catalog stats", "dlq list", "message m-1 --json"):
        done = run_command(Servers(url, empty.rabbitmq_url), *command.split())

        assert "Traceback" not in done.stderr, command
        assert "PostgreSQL" not in done.stderr, command
