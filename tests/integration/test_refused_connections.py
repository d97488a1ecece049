"""Whoever is not let in, or is sent away, is told why, in the words of the server."""

import asyncio
import json
import re
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from dev.servers import Servers, ServerSet
from dev.servers.management import ManagementApi
from dev.worker_process import WorkerProcess, wait_until
from tests.conftest import run_command
from tests.security.rights import execute
from tests.support.broker_users import BrokerUser, broker_user

ADDRESS = re.compile(" at 0x[0-9a-f]")
Refuse = Callable[[BrokerUser], str]


@dataclass(frozen=True, slots=True)
class DatabaseRole:
    """A role of PostgreSQL, and the URL of its database as the administrator has it."""

    admin_url: str
    name: str

    @property
    def database(self) -> str:
        return urlsplit(self.admin_url).path[1:]

    @property
    def where(self) -> str:
        return urlsplit(self.admin_url).netloc.rpartition("@")[2]

    @property
    def url(self) -> str:
        return f"postgresql://{self.name}:secret@{self.where}/{self.database}"


def _with_a_wrong_password(user: BrokerUser) -> str:
    return user.url_with(password="wrong")


def _without_a_vhost(user: BrokerUser) -> str:
    return user.url_with(vhost="no-such-vhost")


def _without_rights(user: BrokerUser) -> str:
    user.take_rights()
    return user.url


def _at_the_limit_of_the_vhost(user: BrokerUser) -> str:
    user.limit_connections_of_vhost()
    return user.url


def _at_the_limit_of_the_user(user: BrokerUser) -> str:
    user.limit_connections_of_user()
    return user.url


@pytest.fixture
def user(server_set: ServerSet) -> Iterator[BrokerUser]:
    if not isinstance(server_set.vhosts, ManagementApi):
        pytest.skip("making users needs RabbitMQ's management plugin")
    with broker_user(server_set, server_set.vhosts) as user:
        yield user


@pytest.fixture
def line(tmp_path: Path) -> str:
    """A file with one line, which is an event and a dead letter."""
    event: dict[str, object] = {"type": "car-created", "message_id": "m-1", "data": {}}
    properties = {"message_id": "m-1", "message_type": "car-created"}
    envelope = {"exchange": "", "routing_key": "key", "properties": properties}
    file = tmp_path / "line.jsonl"
    file.write_text(json.dumps({**event, "original": {"body": "{}", **envelope}}))
    return str(file)


@pytest.mark.parametrize(
    ("refuse", "words"),
    [
        (_with_a_wrong_password, "403 ACCESS_REFUSED - Login was refused"),
        (_without_a_vhost, "530 NOT_ALLOWED - vhost no-such-vhost not found"),
        (_without_rights, "530 NOT_ALLOWED - access to vhost '{vhost}' refused for user '{user}'"),
        (
            _at_the_limit_of_the_vhost,
            (
                "530 NOT_ALLOWED - access to vhost '{vhost}' refused for user '{user}': "
                "connection limit (0) is reached"
            ),
        ),
        (
            _at_the_limit_of_the_user,
            (
                "530 NOT_ALLOWED - connection refused for user '{user}': "
                "user connection limit (0) is reached"
            ),
        ),
    ],
)
def test_the_broker_says_why_it_lets_nobody_in(
    refuse: Refuse, words: str, user: BrokerUser, empty: Servers, line: str
) -> None:
    servers = Servers(empty.database_url, refuse(user))
    expected = words.format(user=user.name, vhost=user.vhost)

    for command in ("run", "doctor", f"publish --no-validate {line}", f"dlq import {line}"):
        done = run_command(servers, *command.split(), WORKER_STARTUP_TIMEOUT="1")

        lines = done.stdout + done.stderr
        assert done.returncode == 1, command
        assert expected in lines, command
        assert not ADDRESS.search(lines), command
        if command == "run":
            assert lines.count(expected) == 2, "logged once, and the last line"


def test_the_broker_says_why_it_sends_the_worker_away(
    user: BrokerUser, empty: Servers, tmp_path: Path
) -> None:
    worker = WorkerProcess(empty.database_url, user.url, tmp_path / "worker.log", {})

    with worker:
        user.delete()
        wait_until(lambda: "waiting for the servers" in worker.log)

    reason = rf"reason='?.*320 CONNECTION_FORCED - user .{user.name}. is deleted"
    assert re.search(rf"subscription lost +node=\S+ {reason}", worker.log), worker.log
    assert "403 ACCESS_REFUSED - Login was refused" in worker.log
    assert not ADDRESS.search(worker.log)


@pytest.fixture
async def role(server_set: ServerSet) -> AsyncIterator[DatabaseRole]:
    """A role that may log in, and a database that lets it in."""
    with server_set.fresh_database("refusing") as url:
        role = DatabaseRole(url, f"refused_{secrets.token_hex(4)}")
        administrator = server_set.database_url
        await execute(administrator, f"CREATE ROLE {role.name} LOGIN PASSWORD 'secret'")
        try:
            yield role
        finally:
            await execute(administrator, f"DROP ROLE {role.name}")


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (
            "ALTER ROLE {role} PASSWORD 'another'",
            'InvalidPasswordError: password authentication failed for user "{role}"',
        ),
        (
            "ALTER ROLE {role} NOLOGIN",
            'InvalidAuthorizationSpecificationError: role "{role}" is not permitted to log in',
        ),
        (
            "ALTER ROLE {role} CONNECTION LIMIT 0",
            'TooManyConnectionsError: too many connections for role "{role}"',
        ),
        (
            "ALTER DATABASE {database} CONNECTION LIMIT 0",
            'TooManyConnectionsError: too many connections for database "{database}"',
        ),
        (
            "REVOKE CONNECT ON DATABASE {database} FROM PUBLIC",
            'InsufficientPrivilegeError: permission denied for database "{database}"',
        ),
        (
            "ALTER DATABASE {database} RENAME TO {database}_renamed",
            'InvalidCatalogNameError: database "{database}" does not exist',
        ),
    ],
)
async def test_postgresql_says_why_it_lets_nobody_in(
    statement: str, words: str, role: DatabaseRole, server_set: ServerSet, empty: Servers
) -> None:
    names = {"role": role.name, "database": role.database}
    expected = f"PostgreSQL: {words.format(**names)} (database {role.database} at {role.where})"

    await execute(server_set.database_url, statement.format(**names))
    try:
        for command in ("run", "doctor", "migrate", "dlq list"):
            done = await asyncio.to_thread(
                run_command,
                Servers(role.url, empty.rabbitmq_url),
                *command.split(),
                WORKER_STARTUP_TIMEOUT="1",
            )

            lines = done.stdout + done.stderr
            assert done.returncode == 1, command
            assert expected in lines, command
            assert not ADDRESS.search(lines), command
    finally:
        if "RENAME" in statement:
            back = f"ALTER DATABASE {role.database}_renamed RENAME TO {role.database}"
            await execute(server_set.database_url, back)
