"""Commands of operators, while the primary is lost."""

import asyncio
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dev.servers import Servers
from tests.cluster.postgresql_drill import PairDrill
from tests.conftest import ROOT, run_command
from tests.support.broker import DEAD_LETTERS, connect
from tests.support.histories import CREATED

pytestmark = pytest.mark.slow

SLOW_REVISION = """
import sqlalchemy as sa

from alembic import op

revision = "9999"
down_revision = "{head}"


def upgrade() -> None:
    op.add_column("cars", sa.Column("colour", sa.Text(), nullable=True))
    op.create_table("slow", sa.Column("id", sa.Text(), primary_key=True))
    op.execute("SELECT pg_sleep(2)")
"""
MIGRATING = """
SELECT count(*) FROM pg_stat_activity
WHERE application_name = 'inventory-worker-migrate' AND query LIKE '%pg_sleep%'
"""


async def test_dead_letters_replayed_across_a_failover(pair_drill: PairDrill, full: bool) -> None:
    """The command fails with the primary; another one replays what is left."""
    drill, pair = pair_drill, pair_drill.pair
    await pair.make_synchronous()
    drill.start_workers(2, WORKER_RETRY_DELAYS="none", FAILS_FIRST="1")
    history = drill.history(2_000 if full else 500, duplicates=0)
    changes = [event for event in history if event.type != CREATED]
    await drill.publish(changes)
    await drill.until(lambda: _are_dead(drill, len(changes)), "dead letters")
    before = await drill.recorded()
    await drill.publish([event for event in history if event.type == CREATED])
    await drill.until_more_recorded_than(before + len(history) - len(changes) - 1)
    before = await drill.recorded()

    replaying = asyncio.create_task(_run(drill, "dlq", "replay", "--all", "--rate", "200/s"))
    await drill.until_more_recorded_than(before + len(changes) // 4)
    began = await drill.fail_over()
    interrupted = await replaying
    await drill.recovery(began)
    again = await _run(drill, "dlq", "replay", "--all")

    assert interrupted.returncode == 1
    assert "Traceback" not in interrupted.stderr
    assert again.returncode == 0, again.stderr
    assert (await drill.verdict()).harm == (0, 0, 0)


async def test_migration_across_a_failover(pair_drill: PairDrill, tmp_path: Path) -> None:
    """It is undone with the primary, and the next one finds nothing of it."""
    drill, pair = pair_drill, pair_drill.pair
    await pair.make_synchronous()
    drill.start_workers(2)
    folder = _with_slow_revision(tmp_path)

    async with drill.steady_load():
        migrating = asyncio.create_task(asyncio.to_thread(_upgrade, pair.url_of_both, folder))
        await drill.until(lambda: pair.fetch(MIGRATING), "a migration at work")
        began = await drill.fail_over()
        interrupted = await migrating
        await drill.recovery(began)
        again = await asyncio.to_thread(_upgrade, pair.url_of_both, folder)
        await drill.recovery(time.monotonic())

    assert interrupted.returncode == 1
    assert again.returncode == 0, again.stderr
    assert await pair.fetch("SELECT version_num FROM alembic_version") == "9999"
    assert (await _run(drill, "migrate")).returncode == 0
    assert (await drill.verdict()).harm == (0, 0, 0)


async def _are_dead(drill: PairDrill, messages: int) -> bool:
    async with connect(drill.site.rabbitmq_url) as broker:
        return await broker.count(DEAD_LETTERS) >= messages


async def _run(drill: PairDrill, *arguments: str) -> subprocess.CompletedProcess[str]:
    servers = Servers(drill.site.worker_database_url, drill.site.rabbitmq_url)
    return await asyncio.to_thread(run_command, servers, *arguments)


def _with_slow_revision(folder: Path) -> Path:
    shutil.copytree(ROOT / "alembic", folder / "alembic")
    shutil.copy(ROOT / "alembic.ini", folder)
    versions = folder / "alembic" / "versions"
    head = max(path.name[:4] for path in versions.glob("[0-9]*.py"))
    (versions / "9999_slow.py").write_text(SLOW_REVISION.format(head=head))
    return folder


def _upgrade(database_url: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DATABASE_URL": database_url, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "alembic", "upgrade", "head"]
    return subprocess.run(
        command,
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
