"""Several hosts in RABBITMQ_URL: each is tried in turn, and none can hide the others."""

import asyncio
import json
import re
import socket
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import pytest
from pamqp.commands import Basic

from dev.servers import Servers
from dev.servers.ports import LOOPBACK
from dev.worker_process import WorkerProcess, wait_until
from tests.conftest import run_command
from tests.support.broker import MAIN, Broker
from tests.support.car_events import creation
from tests.support.hosts import closed_host, host_of, with_hosts
from tests.support.muted_node import CONFIRM, EXCHANGE_DECLARE_OK, muted_node
from tests.support.silent_port import silent_port
from tests.support.taken import Taken
from tests.support.tcp_proxy import TcpProxy
from worker.infra.durations import Durations
from worker.infra.in_turn import NoServerError
from worker.infra.messaging.amqp.confirming_publisher import (
    BrokerUnavailableError,
    ConfirmingPublisher,
)
from worker.infra.messaging.amqp.nodes import Node, connect, to_a_node
from worker.infra.messaging.consuming.batch_handler import BatchHandler
from worker.infra.messaging.consuming.subscription import Subscription
from worker.infra.messaging.topology_repair import TopologyRepair

FAILED = 1
EVENTS = "examples/events.jsonl"
QUICK = Durations(first_round=0.3, connect=2)
"""For hosts of which none answers."""
PASSING = Durations(first_round=1.0)
"""For hosts of which one answers, in less than a second even on a busy machine."""


@pytest.fixture
def in_given_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.sample", lambda servers, k: servers[:k])


@pytest.mark.usefixtures("in_given_order")
async def test_a_refused_and_a_silent_host_are_passed_over(empty: Servers) -> None:
    async with silent_port() as silent:
        good = host_of(empty.rabbitmq_url)
        url = with_hosts(empty.rabbitmq_url, closed_host(), silent.host, good)

        connection, node = await connect(url, "test", PASSING)

        await connection.close()
    assert node == good
    assert silent.came == 1


@pytest.mark.usefixtures("in_given_order")
async def test_the_node_that_was_left_is_tried_last(empty: Servers) -> None:
    left = host_of(empty.rabbitmq_url)
    with TcpProxy(urlsplit(empty.rabbitmq_url).port or 5672) as network:
        other = f"{LOOPBACK}:{network.port}"
        url = with_hosts(empty.rabbitmq_url, left, other)

        async def name(node: Node) -> str:
            return node.name

        assert await to_a_node(url, "test", name, PASSING) == left
        assert await to_a_node(url, "test", name, PASSING, left) == other


@pytest.mark.usefixtures("in_given_order")
async def test_a_node_that_lets_us_in_and_declares_nothing_is_passed_over(empty: Servers) -> None:
    """As one that a partition cut off from the others: it waits for them."""
    with muted_node(empty.rabbitmq_url, EXCHANGE_DECLARE_OK) as url:
        subscription = await _subscribe(url, PASSING)
        await subscription.close()

    assert subscription.node == host_of(empty.rabbitmq_url)


@pytest.mark.usefixtures("in_given_order")
async def test_a_node_that_confirms_nothing_is_left_by_all_who_publish_there(
    empty: Servers,
) -> None:
    await (await _subscribe(empty.rabbitmq_url, PASSING)).close()
    with muted_node(empty.rabbitmq_url, CONFIRM) as url:
        publisher = ConfirmingPublisher(
            lambda: url, exchange="", name="test", durations=replace(PASSING, confirm=3)
        )

        async def publish() -> None:
            await publisher.publish(b"", Basic.Properties(), MAIN)

        for unconfirmed in [asyncio.create_task(publish()) for _ in range(11)]:
            with pytest.raises(BrokerUnavailableError, match="not confirmed"):
                await unconfirmed

        await publish()
        await publisher.close()


async def test_nothing_goes_on_behind_the_back_of_who_gave_up(empty: Servers) -> None:
    """A connection that a frozen node takes when it thaws would have nobody to close it."""
    async with silent_port() as one, silent_port() as other:
        url = with_hosts(empty.rabbitmq_url, one.host, other.host)
        publisher = ConfirmingPublisher(lambda: url, exchange="", name="test", durations=QUICK)
        attempts = (
            connect(url, "test", QUICK),
            publisher._open_channel(),  # noqa: SLF001 - publishing needs a message
            TopologyRepair(lambda: url, (), QUICK).repair(),
            _subscribe(url),
        )
        for attempt in attempts:
            with pytest.raises((NoServerError, BrokerUnavailableError)) as failure:
                await attempt

            said = rf"no host of RABBITMQ_URL can be used: .*{LOOPBACK}.*: no answer"
            assert re.search(said, str(failure.value))
            assert one.host in str(failure.value)
            assert other.host in str(failure.value)
            await one.wait_all_closed()
            await other.wait_all_closed()
        assert min(one.came, other.came) >= len(attempts)


async def test_a_node_that_is_slow_is_waited_for_in_a_later_round(
    empty: Servers,
    in_given_order: None,  # noqa: ARG001
) -> None:
    with TcpProxy(urlsplit(empty.rabbitmq_url).port or 5672) as network:
        network.slow_down(0.2)
        slow = f"{LOOPBACK}:{network.port}"

        connection, node = await connect(
            with_hosts(empty.rabbitmq_url, closed_host(), slow),
            "test",
            Durations(first_round=0.5, connect=20),
        )

        await connection.close()
    assert node == slow


async def test_a_name_with_several_addresses_is_as_good_as_several_hosts(
    empty: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = urlsplit(empty.rabbitmq_url).port
    loop = asyncio.get_running_loop()
    ask = loop.getaddrinfo

    async def resolve(name: str, port: int, **options: int) -> object:
        if name != "rabbitmq":
            return await ask(name, port, **options)
        return [(0, 0, 0, "", (address, port)) for address in ("127.0.0.2", "127.0.0.1")]

    monkeypatch.setattr(loop, "getaddrinfo", resolve)
    url = with_hosts(empty.rabbitmq_url, f"rabbitmq:{port}")
    with socket.create_server(("127.0.0.2", port or 0)):
        for _ in range(4):
            connection, node = await connect(url, "test", PASSING)
            await connection.close()
            assert node == f"rabbitmq:{port} (127.0.0.1)"


async def test_what_each_host_says_is_told(empty: Servers, frozen_host: str) -> None:
    closed, unknown = closed_host(), "no-such-host.invalid:1"

    with pytest.raises(NoServerError) as failure:
        await connect(with_hosts(empty.rabbitmq_url, closed, unknown, frozen_host), "test", QUICK)

    assert f"{closed}: AMQPConnectionError [Errno 111]" in str(failure.value)
    assert f"{unknown}: gaierror [Errno -2] Name or service not known" in str(failure.value)
    assert f"{frozen_host}: no answer" in str(failure.value)


def test_a_command_that_no_host_lets_in_ends_with_one_line(empty: Servers) -> None:
    one, other, real = closed_host(), closed_host(), host_of(empty.rabbitmq_url)
    lost = Servers(empty.database_url, with_hosts(empty.rabbitmq_url, one, other))
    password = empty.rabbitmq_url.replace(":guest@", ":wrong@")
    refused = Servers(empty.database_url, with_hosts(password, one, real))

    for servers, words in (
        (lost, [one, other, "Errno 111"]),
        (refused, [f"{one}: AMQPConnectionError", f"{real}: 403 ACCESS_REFUSED"]),
    ):
        for command in (f"publish --no-validate {EVENTS}", "run"):
            done = run_command(servers, *command.split(), WORKER_STARTUP_TIMEOUT="0.1")

            last_line = done.stderr.splitlines()[-1]
            assert done.returncode == FAILED, command
            assert "no host of RABBITMQ_URL can be used: " in last_line, command
            assert all(word in last_line for word in words), command
            assert "Traceback" not in done.stderr, command


def test_every_command_works_with_hosts_of_which_some_are_lost(
    empty: Servers, tmp_path: Path, frozen_host: str
) -> None:
    real = host_of(empty.rabbitmq_url)
    hosts = (closed_host(), closed_host(), frozen_host, real)
    servers = Servers(empty.database_url, with_hosts(empty.rabbitmq_url, *hosts))

    with WorkerProcess(servers.database_url, servers.rabbitmq_url, tmp_path / "log", {}) as worker:
        published = run_command(servers, "publish", EVENTS, "--no-validate")
        results = worker.wait_results(int(published.stdout.split()[1]))
        doctor = run_command(servers, "doctor", "--json")
        replayed = run_command(servers, "dlq", "replay", "--all")

    said = {line["check"]: line["problem"] for line in json.loads(doctor.stdout)}
    assert published.returncode == 0, published.stderr
    assert said[f"RabbitMQ ({real})"] is None
    assert replayed.returncode == 0, replayed.stderr
    assert results["invalid-event"] > 0
    assert f"node={real}" in worker.log


async def test_messages_are_recorded_again_within_5_s_after_the_connected_node_is_lost(
    empty: Servers, broker: Broker, tmp_path: Path
) -> None:
    port = urlsplit(empty.rabbitmq_url).port or 5672
    with ExitStack() as stack:
        ways = {}
        for _ in range(3):
            way = ExitStack()
            proxy = way.enter_context(TcpProxy(port))
            ways[f"{LOOPBACK}:{proxy.port}"] = stack.enter_context(way)
        url = with_hosts(empty.rabbitmq_url, *ways)
        worker = stack.enter_context(
            WorkerProcess(empty.database_url, url, tmp_path / "log", {"WORKER_LOG_FORMAT": "json"})
        )
        await broker.publish([creation("before")])
        worker.wait_results(1)
        used = worker.node() or ""

        ways[used].close()
        began = time.monotonic()
        await broker.publish([creation("after")])
        worker.wait_results(2)

        assert time.monotonic() - began < 5
        wait_until(lambda: worker.node() is not None)
        assert worker.node() in ways.keys() - {used}


async def _subscribe(url: str, durations: Durations = QUICK) -> Subscription:
    return await Subscription.open(
        url,
        prefetch=1,
        delays=(),
        batching=Taken(0),
        handler=cast("BatchHandler", None),
        durations=durations,
        database="",
    )
