"""What `doctor` tells of a broker: bindings, rights, alarms, limits, policies, other workers."""

import json
import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aio_pika
import pytest

from dev.servers import PrivateRabbitMQ, Servers, ServerSet
from dev.worker_process import WorkerProcess, wait_until
from tests.conftest import ROOT, run_command
from tests.support.broker import DEAD_LETTERS, MAIN, connect, delete_our_queues
from tests.support.own_rabbitmq import own_rabbitmq
from tests.support.retries import SHORT
from worker.infra.durations import DEFAULT_DURATIONS
from worker.infra.messaging.retry_delays import parse_retry_delays
from worker.infra.messaging.topology_repair import TopologyRepair

RETRY = "inventory-worker.retry.100ms"
LIMITS = {"delivery-limit": 3, "max-length": 3, "message-ttl": 60_000, "expires": 60_000}
ROUTES = {"overflow": "drop-head", "dead-letter-exchange": "x", "dead-letter-routing-key": "x"}
EFFECTIVE = "[rabbit_policy:effective_definition(Q) || Q <- rabbit_amqqueue:list()]."

Said = dict[str, Any]
Doctor = Callable[..., Said]


@pytest.fixture(scope="module")
def rabbitmq() -> Iterator[PrivateRabbitMQ]:
    """A broker of our own: alarms and policies are of the whole node."""
    with own_rabbitmq(management=True) as rabbitmq:
        yield rabbitmq


@pytest.fixture
async def servers_here(empty: Servers, rabbitmq: PrivateRabbitMQ) -> Servers:
    """The empty database, and our broker with what a worker declares."""
    await delete_our_queues(rabbitmq.rabbitmq_url)
    delays = parse_retry_delays(SHORT["WORKER_RETRY_DELAYS"])
    await TopologyRepair(lambda: rabbitmq.rabbitmq_url, delays, DEFAULT_DURATIONS).repair()
    return Servers(empty.database_url, rabbitmq.rabbitmq_url)


@pytest.fixture
def worker(servers_here: Servers, tmp_path: Path) -> Iterator[WorkerProcess]:
    urls = servers_here.database_url, servers_here.rabbitmq_url
    with WorkerProcess(*urls, tmp_path / "worker.log", SHORT) as worker:
        yield worker


@pytest.fixture
def doctor(servers_here: Servers, rabbitmq: PrivateRabbitMQ) -> Doctor:
    """What `doctor` says by check, with the management API; its exit code is under `exit`."""

    def ask(**variables: str) -> Said:
        management = {"RABBITMQ_MANAGEMENT_URL": rabbitmq.management_url}
        done = run_command(servers_here, "doctor", "--json", **SHORT, **(management | variables))
        said = {line["check"]: line for line in json.loads(done.stdout)}
        return {**said, "exit": done.returncode}

    return ask


@contextmanager
def policy(
    rabbitmq: PrivateRabbitMQ, definition: dict[str, Any], *, operator: bool = False
) -> Iterator[None]:
    kind = "operator_policy" if operator else "policy"
    rabbitmq.ctl(f"set_{kind}", "by-ops", ".*", json.dumps(definition), "--apply-to", "queues")
    try:
        yield
    finally:
        rabbitmq.ctl(f"clear_{kind}", "by-ops")


def test_all_is_well_with_the_management_api(
    doctor: Doctor,
    worker: WorkerProcess,  # noqa: ARG001 - its database is ours
) -> None:
    said = doctor()

    assert said.pop("exit") == 0, said
    assert {line["verdict"] for line in said.values()} == {"ok"}, said
    assert {"bindings", "alarms", "limits of the vhost", "databases of workers"} <= said.keys()
    assert f"policies on queue {MAIN}" in said


def test_without_the_management_api_one_line_says_what_is_not_checked(doctor: Doctor) -> None:
    said = doctor(RABBITMQ_MANAGEMENT_URL="")

    [line] = [check for check in said if "not checked" in check]
    assert "policies" in line
    assert "RABBITMQ_MANAGEMENT_URL is not set" in line
    assert said["exit"] == 0


async def test_a_missing_binding_is_named_and_declared_again(
    doctor: Doctor, servers_here: Servers
) -> None:
    async with connect(servers_here.rabbitmq_url) as broker:
        channel = await broker.connection.channel()
        queue = await channel.get_queue(MAIN)
        await queue.unbind("inventory.events", "inventory.price-changed.v1")

        said, again = doctor(), doctor()

    assert said["bindings"]["verdict"] == "warning"
    assert (
        "inventory.events to inventory-worker by inventory.price-changed.v1"
        in (said["bindings"]["problem"])
    )
    assert again["bindings"]["verdict"] == "ok"


async def test_doctor_declares_bindings_without_the_management_api_too(
    doctor: Doctor, servers_here: Servers
) -> None:
    async with connect(servers_here.rabbitmq_url) as broker:
        channel = await broker.connection.channel()
        queue = await channel.get_queue(MAIN)
        await queue.unbind("inventory-worker", MAIN)

        assert doctor(RABBITMQ_MANAGEMENT_URL="")["exit"] == 0

        exchange = await channel.get_exchange("inventory-worker")
        confirmed = await exchange.publish(aio_pika.Message(b"routed"), MAIN, mandatory=True)
    assert confirmed is not None


@pytest.mark.parametrize(
    ("rights", "check", "server", "right"),
    [
        (("^$", ".*", ".*"), f"queue {MAIN}", f"access to queue '{MAIN}'", "configure"),
        (
            ("^$", ".*", ".*"),
            "exchange inventory.events",
            "access to exchange 'inventory.events'",
            "configure",
        ),
        (
            (".*", ".*", "^inventory-worker"),
            f"queue {MAIN}",
            "access to exchange 'inventory.events'",
            "read on the exchange",
        ),
        (
            (".*", ".*", "^inventory(.events|-worker)$"),
            f"queue {DEAD_LETTERS}",
            f"access to queue '{DEAD_LETTERS}'",
            "read",
        ),
        ((".*", "^$", ".*"), f"queue {MAIN}", f"access to queue '{MAIN}'", "write on the queue"),
        (
            (".*", "^$", ".*"),
            "publishing to exchange inventory-worker",
            "access to exchange 'inventory-worker'",
            "write",
        ),
    ],
)
def test_a_missing_right_is_named_in_the_words_of_the_server(
    rights: tuple[str, str, str],
    check: str,
    server: str,
    right: str,
    doctor: Doctor,
    rabbitmq: PrivateRabbitMQ,
    servers_here: Servers,
) -> None:
    with _user(rabbitmq, *rights) as credentials:
        where = urlsplit(servers_here.rabbitmq_url)
        url = where._replace(netloc=f"{credentials}@{where.hostname}:{where.port}").geturl()
        said = doctor(RABBITMQ_URL=url)

    assert said["exit"] == 1
    assert server in said[check]["problem"]
    assert re.search(rf"grant [^:]*{right}", said[check]["problem"])


async def test_asking_for_the_right_to_read_takes_no_message(
    doctor: Doctor, servers_here: Servers
) -> None:
    async with connect(servers_here.rabbitmq_url) as broker:
        channel = await broker.connection.channel()
        await channel.default_exchange.publish(aio_pika.Message(b"{}", message_id="still"), MAIN)

        doctor()

        queue = await channel.get_queue(MAIN)
        message = await queue.get(no_ack=True)
    assert not message.redelivered
    assert not message.headers.get("x-delivery-count")


@pytest.mark.parametrize("management", [True, False])
def test_an_alarm_is_named(management: bool, doctor: Doctor, rabbitmq: PrivateRabbitMQ) -> None:
    rabbitmq.ctl("set_vm_memory_high_watermark", "0.000001")
    try:
        said = doctor() if management else doctor(RABBITMQ_MANAGEMENT_URL="")
    finally:
        rabbitmq.ctl("set_vm_memory_high_watermark", "0.4")

    assert said["exit"] == 1
    problem = said["publishing to exchange inventory-worker"]["problem"]
    assert "RabbitMQ blocks publishers (low on memory)" in problem
    if management:
        assert "memory on" in said["alarms"]["problem"]


def test_a_limit_that_is_reached_is_named(doctor: Doctor, rabbitmq: PrivateRabbitMQ) -> None:
    rabbitmq.ctl("set_vhost_limits", '{"max-queues": 5}')
    try:
        said = doctor()
    finally:
        rabbitmq.ctl("clear_vhost_limits")

    assert said["limits of the vhost"]["verdict"] == "warning"
    assert "max-queues 5 (5 in use)" in said["limits of the vhost"]["problem"]


@pytest.mark.parametrize("operator", [False, True])
def test_what_a_policy_takes_away_is_told_queue_by_queue(
    operator: bool, doctor: Doctor, rabbitmq: PrivateRabbitMQ
) -> None:
    with policy(rabbitmq, {"delivery-limit": 3, "message-ttl": 3_600_000}, operator=operator):
        said = doctor()

    kind = "operator policy" if operator else "policy"
    dead, main, retry = (said[f"policies on queue {name}"] for name in (DEAD_LETTERS, MAIN, RETRY))
    assert said["exit"] == 1
    assert dead["verdict"] == "WRONG"
    assert (
        f"{kind} by-ops: delivery-limit: letters that were taken more often than 3"
        in (dead["problem"])
    )
    assert "message-ttl: letters are deleted after 3600000 ms" in dead["problem"]
    assert main["verdict"] == "warning"
    assert "events that wait for 3600000 ms become dead letters" in main["problem"]
    assert retry["verdict"] == "warning"


def test_a_policy_that_leads_retries_away_is_told(
    doctor: Doctor, rabbitmq: PrivateRabbitMQ
) -> None:
    with policy(rabbitmq, {"dead-letter-exchange": "of-another-team"}):
        said = doctor()

    assert said["exit"] == 1
    assert (
        "retries go to exchange of-another-team and do not come back"
        in (said[f"policies on queue {RETRY}"]["problem"])
    )


@pytest.mark.parametrize("operator", [False, True])
def test_a_shield_of_higher_priority_ends_what_a_policy_takes(
    operator: bool, doctor: Doctor, rabbitmq: PrivateRabbitMQ
) -> None:
    """As the page says it; from an operator policy only another operator policy shields."""
    [command, *shield] = shlex.split(_line_of_page("inventory-worker-shield"))[1:]
    kind = "set_operator_policy" if operator else command
    with policy(rabbitmq, LIMITS if operator else LIMITS | ROUTES, operator=operator):
        harmed = doctor()
        rabbitmq.ctl(kind, *("/" if word == "inventory" else word for word in shield))
        try:
            shielded = doctor()
            in_force = rabbitmq.ctl("eval", EFFECTIVE)
        finally:
            rabbitmq.ctl(kind.replace("set", "clear"), "inventory-worker-shield")

    assert harmed["exit"] == 1
    assert shielded["exit"] == 0, shielded
    assert "delivery-limit" in in_force
    assert "max-length" not in in_force


def test_a_worker_with_another_database_is_named(
    doctor: Doctor, servers_here: Servers, server_set: ServerSet, tmp_path: Path
) -> None:
    with server_set.fresh_database("other") as other:
        assert run_command(Servers(other, "amqp://unused/"), "migrate").returncode == 0
        stray = WorkerProcess(other, servers_here.rabbitmq_url, tmp_path / "stray.log", SHORT)
        with stray:  # RabbitMQ lists a new consumer after up to five seconds
            wait_until(lambda: "another database" in json.dumps(doctor()))
            said = doctor()

    assert said["exit"] == 1
    assert "another database or schema" in said["databases of workers"]["problem"]
    assert "127.0.0.1" in said["databases of workers"]["problem"]


def test_a_management_api_that_refuses_is_a_warning_without_the_password(
    doctor: Doctor, rabbitmq: PrivateRabbitMQ
) -> None:
    wrong = rabbitmq.management_url.replace("guest:guest", "guest:not-this-secret")

    said = doctor(RABBITMQ_MANAGEMENT_URL=wrong)

    assert said["exit"] == 0
    assert "its user needs the tag `monitoring`" in said["bindings"]["problem"]
    assert "not-this-secret" not in json.dumps(said)


def test_a_user_without_rights_on_messages_suffices(
    doctor: Doctor, rabbitmq: PrivateRabbitMQ
) -> None:
    url = urlsplit(rabbitmq.management_url)
    with _user(rabbitmq, "^$", "^$", "^$") as credentials:
        rabbitmq.ctl("set_user_tags", "restricted", "monitoring")
        watching = url._replace(netloc=f"{credentials}@{url.hostname}:{url.port}").geturl()
        said = doctor(RABBITMQ_MANAGEMENT_URL=watching)

    assert {line["verdict"] for name, line in said.items() if name != "exit"} == {"ok"}, said


def test_run_says_which_database_and_schema_it_works_on(worker: WorkerProcess) -> None:
    assert re.search(r"consuming .*database=test_\w+ .*schema=public", worker.log)


def _line_of_page(text: str) -> str:
    page = (ROOT / "docs" / "operations.md").read_text()
    [line] = [line for line in page.splitlines() if text in line and line.startswith("rabbitmqctl")]
    return line


@contextmanager
def _user(rabbitmq: PrivateRabbitMQ, *rights: str) -> Iterator[str]:
    rabbitmq.ctl("add_user", "restricted", "restricted")
    rabbitmq.ctl("set_permissions", "restricted", *rights)
    try:
        yield "restricted:restricted"
    finally:
        rabbitmq.ctl("delete_user", "restricted")
