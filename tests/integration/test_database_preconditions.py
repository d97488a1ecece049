"""A database on which the worker could lose or split data is refused, with what to do."""

import asyncio
import json
import subprocess
from collections.abc import Iterator, Sequence
from urllib.parse import quote, urlsplit

import asyncpg
import pytest

from dev.servers import Servers, ServerSet
from tests.conftest import run_command
from worker.infra.db.database_state import OLDEST_POSTGRESQL, DatabaseState
from worker.infra.db.schema import SCHEMA_REVISION

COMMANDS = ("migrate", "run", "doctor")
BROKER = "amqp://unused.invalid/"


@pytest.fixture
def database_url(server_set: ServerSet) -> Iterator[str]:
    """A fresh database without any table."""
    with server_set.fresh_database("preconditions") as url:
        yield url


@pytest.fixture
def role_url(database_url: str) -> Iterator[str]:
    """The URL of a role that may do everything in the fresh database."""
    role = f"role_{_name(database_url)}"
    _execute(database_url, f"CREATE ROLE {role} LOGIN SUPERUSER PASSWORD 'role'")
    where = urlsplit(database_url)
    yield where._replace(netloc=f"{role}:role@{where.hostname}:{where.port}").geturl()
    _execute(database_url, f"DROP OWNED BY {role} CASCADE", f"DROP ROLE {role}")


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_database_that_is_not_utf_8_is_refused(
    command: str, encoding: str, server_set: ServerSet, database_url: str
) -> None:
    name = f"{_name(database_url)}_{encoding.lower()}"
    options = f"ENCODING '{encoding}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
    _execute(server_set.database_url, f"CREATE DATABASE {name} {options}")
    try:
        done = _run(urlsplit(database_url)._replace(path=f"/{name}").geturl(), command)
    finally:
        _execute(server_set.database_url, f"DROP DATABASE {name} WITH (FORCE)")

    assert f"database {name} is encoded as {encoding}" in _refusal(done)
    assert "ENCODING 'UTF8'" in _refusal(done)


def test_migrate_names_the_database_and_the_schema(database_url: str) -> None:
    done = _run(database_url, "migrate")

    schema = f"schema public of database {_name(database_url)}"
    assert (done.returncode, done.stdout) == (0, f"the {schema} is at {SCHEMA_REVISION}\n"), (
        done.stderr
    )


def test_run_names_the_database_and_the_schema_that_lack_migrations(database_url: str) -> None:
    done = _run(database_url, "run")

    assert f"the schema public of database {_name(database_url)} is at nothing" in _refusal(done)
    assert "inventory-worker migrate" in _refusal(done)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_url_that_leads_past_the_migrated_schema_is_refused(
    command: str, database_url: str
) -> None:
    _migrate(database_url)
    _execute(database_url, "CREATE SCHEMA other")

    done = _run(f"{database_url}?options={quote('-csearch_path=other')}", command)

    refusal = _refusal(done)
    assert "search_path leads to schema other" in refusal
    assert "its tables are in schema public" in refusal


@pytest.mark.parametrize("command", COMMANDS)
def test_a_role_that_is_led_past_the_migrated_schema_is_refused(
    command: str, database_url: str, role_url: str
) -> None:
    _migrate(database_url)
    role = urlsplit(role_url).username
    _execute(database_url, "CREATE SCHEMA other", f"ALTER ROLE {role} SET search_path = other")

    refusal = _refusal(_run(role_url, command))

    assert "search_path leads to schema other" in refusal
    assert "its tables are in schema public" in refusal


def test_migrate_does_not_split_the_tables_over_two_schemas(
    database_url: str, role_url: str
) -> None:
    """`"$user", public` leads elsewhere once a schema has the name of the role."""
    _migrate(database_url)
    role = urlsplit(role_url).username
    _execute(database_url, f"CREATE SCHEMA {role}")

    migrated, ran = _run(role_url, "migrate"), _run(role_url, "doctor", "--json")

    assert f"new tables would go to schema {role}" in _refusal(migrated)
    assert _problem_of_the_schema(ran) is None


@pytest.mark.parametrize("command", ["run", "doctor"])
def test_a_table_that_hides_one_of_ours_is_named(
    command: str, database_url: str, role_url: str
) -> None:
    _migrate(database_url)
    role = urlsplit(role_url).username
    _execute(database_url, f"CREATE SCHEMA {role}", f"CREATE TABLE {role}.cars (id text)")

    refusal = _refusal(_run(role_url, command))

    assert f"cars of schema {role} hides the one of schema public" in refusal


@pytest.mark.parametrize("command", COMMANDS)
def test_a_search_path_that_leads_nowhere_is_named(command: str, database_url: str) -> None:
    done = _run(f"{database_url}?options={quote('-csearch_path=missing')}", command)

    assert "search_path (missing) names no schema" in _refusal(done)


@pytest.mark.parametrize("command", ["run", "doctor"])
def test_a_revision_without_its_tables_is_named(command: str, database_url: str) -> None:
    _migrate(database_url)
    _execute(database_url, "DROP TABLE dead_letter_audit CASCADE")

    assert "dead_letter_audit is missing" in _refusal(_run(database_url, command))


@pytest.mark.parametrize("command", ["run", "doctor"])
def test_where_two_schemas_are_migrated_the_other_one_is_named(
    command: str, database_url: str
) -> None:
    _migrate(database_url)
    _execute(database_url, "ALTER SCHEMA public RENAME TO old", "CREATE SCHEMA public")
    _execute(database_url, "CREATE TABLE alembic_version (version_num text)")
    _execute(database_url, "INSERT INTO alembic_version VALUES ('0001')")

    refusal = _refusal(_run(database_url, command))

    assert f"the schema public of database {_name(database_url)} is at 0001" in refusal
    assert "schema old has such tables too" in refusal


def test_commits_that_do_not_survive_a_crash_are_a_warning(
    database_url: str, role_url: str
) -> None:
    _migrate(database_url)
    role = urlsplit(role_url).username
    _execute(database_url, f"ALTER ROLE {role} SET synchronous_commit = off")
    _execute(database_url, "ALTER TABLE processed_messages SET UNLOGGED")

    done = _run(role_url, "doctor", "--json")

    [durability] = [line for line in json.loads(done.stdout) if line["check"] == "durability"]
    assert durability["verdict"] == "warning"
    assert "synchronous_commit is off" in durability["problem"]
    assert "table processed_messages is UNLOGGED" in durability["problem"]


def test_a_server_that_is_too_old_is_refused() -> None:
    tables = {"alembic_version": None}
    state = DatabaseState("cars", "UTF8", 140_011, "public", "public", (), tables)

    assert f"needs {OLDEST_POSTGRESQL} or newer" in str(state.problem())
    assert "14.11" in str(state.problem())


def _migrate(database_url: str) -> None:
    done = _run(database_url, "migrate")
    assert done.returncode == 0, done.stderr


def _run(database_url: str, *command: str) -> subprocess.CompletedProcess[str]:
    return run_command(Servers(database_url, BROKER), *command, WORKER_STARTUP_TIMEOUT="1")


def _refusal(done: subprocess.CompletedProcess[str]) -> str:
    """The line that says it; `doctor` has it in its table."""
    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    assert "Traceback" not in said
    return said


def _problem_of_the_schema(done: subprocess.CompletedProcess[str]) -> object:
    return json.loads(done.stdout)[0]["problem"]


def _name(url: str) -> str:
    return urlsplit(url).path.removeprefix("/")


def _execute(url: str, *statements: str) -> None:
    async def run(statements: Sequence[str]) -> None:
        connection = await asyncpg.connect(url)
        for statement in statements:
            await connection.execute(statement)
        await connection.close()

    asyncio.run(run(statements))
