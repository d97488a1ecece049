import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit

import asyncpg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from dev.servers import Servers, ServerSet
from tests.conftest import ROOT, run_alembic, run_command
from worker.domain.ports.unit_of_work import StoreUnavailableError
from worker.infra.db.advisory_locks import AdvisoryLock
from worker.infra.db.database_state import DatabaseState
from worker.infra.db.engine import create_command_engine
from worker.infra.db.migration_turn import wait_for_migration_turn
from worker.infra.db.schema import (
    SCHEMA_REVISION,
    Revision,
    SchemaBehindError,
    check_revision,
)
from worker.infra.durations import Durations

STATE = DatabaseState(
    "cars", "UTF8", 180_000, "public", "public", ("public",), {"alembic_version": "public"}
)


@pytest.fixture
def database_url(server_set: ServerSet) -> Iterator[str]:
    """A fresh database without any table."""
    with server_set.fresh_database("migrations") as url:
        yield url


def test_the_schema_goes_up_and_down_and_up_again(database_url: str) -> None:
    run_alembic(database_url, "upgrade", "head")
    run_alembic(database_url, "downgrade", "base")
    assert _tables(database_url) == {"alembic_version"}

    run_alembic(database_url, "upgrade", "head")
    assert {"cars", "processed_messages"} < _tables(database_url)


def test_the_migrations_make_what_the_models_say(database_url: str) -> None:
    run_alembic(database_url, "upgrade", "head")

    assert "No new upgrade operations detected" in run_alembic(database_url, "check")


def test_the_sql_can_be_printed_without_a_database() -> None:
    sql = run_alembic("postgresql://nobody:nothing@127.0.0.1:1/none", "upgrade", "head", "--sql")

    assert "CREATE TABLE cars" in sql


def test_two_migrations_at_once_take_turns(database_url: str) -> None:
    async def both() -> None:
        up = asyncio.to_thread(run_alembic, database_url, "upgrade", "head")
        again = asyncio.to_thread(run_alembic, database_url, "upgrade", "head")
        await asyncio.gather(up, again)

    asyncio.run(both())

    assert "cars" in _tables(database_url)


@pytest.fixture
async def another_migration(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A session that migrates, and does not come to an end."""
    name = {"application_name": "the-other-migration"}
    connection = await asyncpg.connect(database_url, server_settings=name)
    await connection.execute(f"SELECT pg_advisory_lock({AdvisoryLock.MIGRATING})")
    yield connection
    await connection.close()


async def test_who_waits_for_another_migration_says_for_whom(
    database_url: str, another_migration: asyncpg.Connection
) -> None:
    waiting = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "worker", "migrate"),
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": database_url},
        stderr=asyncio.subprocess.PIPE,
    )
    assert waiting.stderr is not None
    line = await asyncio.wait_for(waiting.stderr.readline(), 60)
    assert line.startswith(b"waiting: the-other-migration (pid ")

    await another_migration.close()

    assert await asyncio.wait_for(waiting.wait(), 60) == 0


async def test_waiting_for_another_migration_has_an_end(
    database_url: str, another_migration: asyncpg.Connection
) -> None:
    pid = another_migration.get_server_pid()
    said: list[str] = []
    soon = Durations(migration_turn=0.3)
    engine = create_command_engine(lambda: database_url, {})
    async with engine.connect() as connection:
        with pytest.raises(StoreUnavailableError, match=rf"the-other-migration \(pid {pid}"):
            await connection.run_sync(wait_for_migration_turn, said.append, soon)
    await engine.dispose()
    assert len(said) == 1


def test_migrating_by_a_release_that_was_rolled_back_to_does_nothing(database_url: str) -> None:
    run_alembic(database_url, "upgrade", "head")
    _execute(database_url, "UPDATE alembic_version SET version_num = '9999'")

    done = run_command(Servers(database_url, "amqp://unused/"), "migrate")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("the schema public of database ")
    assert done.stdout.endswith(" is at 9999, newer than this release: nothing to do\n")


@pytest.mark.parametrize("command", ["migrate", "run", "doctor"])
def test_a_database_of_another_application_is_left_alone(command: str, database_url: str) -> None:
    _execute(database_url, "CREATE TABLE alembic_version (version_num text)")
    _execute(database_url, "INSERT INTO alembic_version VALUES ('f3a1c0de4b5e')")

    done = run_command(Servers(database_url, "amqp://unused.invalid/"), command)

    assert done.returncode == 1
    assert "revision 'f3a1c0de4b5e' of another application" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_password_with_an_at_sign_is_written_as_a_url_has_it(database_url: str) -> None:
    role = f"odd_{urlsplit(database_url).path.strip('/')}"[:60]
    _execute(database_url, f"CREATE ROLE \"{role}\" LOGIN SUPERUSER PASSWORD 'p@ss/word'")
    place = urlsplit(database_url)
    url = place._replace(netloc=f"{role}:p%40ss%2Fword@{place.hostname}:{place.port}").geturl()

    try:
        run_alembic(url, "upgrade", "head")
        assert "cars" in _tables(url)
    finally:
        _execute(database_url, f'REASSIGN OWNED BY "{role}" TO CURRENT_USER')
        _execute(database_url, f'DROP ROLE "{role}"')


def test_the_worker_knows_the_newest_migration() -> None:
    scripts = ScriptDirectory.from_config(Config(ROOT / "alembic.ini"))

    assert scripts.get_current_head() == SCHEMA_REVISION


def test_a_schema_behind_is_refused_with_what_to_do() -> None:
    for behind in (None, "0000"):
        with pytest.raises(SchemaBehindError, match="inventory-worker migrate"):
            check_revision(Revision(behind, STATE))


def test_a_newer_schema_is_borne() -> None:
    assert check_revision(Revision("9999", STATE))
    assert not check_revision(Revision(SCHEMA_REVISION, STATE))


def _tables(url: str) -> set[str]:
    async def read() -> set[str]:
        connection = await asyncpg.connect(url)
        rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        await connection.close()
        return {row["tablename"] for row in rows}

    return asyncio.run(read())


def _execute(url: str, statement: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(url)
        await connection.execute(statement)
        await connection.close()

    asyncio.run(run())
