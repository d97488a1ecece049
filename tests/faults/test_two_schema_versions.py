import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.conftest import ROOT
from tests.faults.drill import Drill

NEXT_REVISION = """
import sqlalchemy as sa

from alembic import op

revision = "9999"
down_revision = "{head}"


def upgrade() -> None:
    op.add_column("cars", sa.Column("colour", sa.Text(), nullable=True))
    op.create_index("ix_cars_colour", "cars", ["colour"])


def downgrade() -> None:
    op.drop_column("cars", "colour")
"""


async def test_next_revision_applied_while_the_worker_runs(
    drill: Drill, full: bool, tmp_path: Path
) -> None:
    (worker,) = drill.start_workers(1)

    async with drill.load(20_000 if full else 500), _next_revision(drill, tmp_path):
        drill.faults += 1
        began = time.monotonic()
        await drill.recovery(began)
        (late,) = drill.start_workers(1)  # one of this release that meets the newer schema
        assert worker.status("/health/ready") == 200

        report = await drill.verdict()
    assert (report.lost, report.applied_twice, report.wrongly_dead) == (0, 0, 0)
    assert "the schema is newer than this release" in late.log


@asynccontextmanager
async def _next_revision(drill: Drill, folder: Path) -> AsyncIterator[None]:
    shutil.copytree(ROOT / "alembic", folder / "alembic")
    shutil.copy(ROOT / "alembic.ini", folder)
    head = max(path.name[:4] for path in (ROOT / "alembic" / "versions").glob("[0-9]*.py"))
    revision = folder / "alembic" / "versions" / "9999_next.py"
    revision.write_text(NEXT_REVISION.format(head=head))
    await asyncio.to_thread(_alembic, drill, folder, "upgrade", "head")
    try:
        yield
    finally:
        await asyncio.to_thread(_alembic, drill, folder, "downgrade", "-1")


def _alembic(drill: Drill, folder: Path, *arguments: str) -> None:
    environment = {
        **os.environ,
        "DATABASE_URL": drill.site.database_url,
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "alembic", *arguments]
    subprocess.run(command, env=environment, cwd=folder, check=True, capture_output=True)
