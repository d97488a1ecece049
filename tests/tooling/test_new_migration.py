import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dev.new_migration import SCHEMA, is_name
from dev.servers import ServerSet
from tests.conftest import ROOT
from worker.infra.db.schema import SCHEMA_REVISION

NEXT = f"{int(SCHEMA_REVISION) + 1:04}"
MODEL = Path("worker") / "infra" / "db" / "models" / "car.py"
WRITTEN = Path("alembic") / "versions" / f"{NEXT}_add_colour.py"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what a migration is made from, whose `cars` got a column and a constraint."""
    for folder in ("alembic", "dev", "worker"):
        ignored = shutil.ignore_patterns("__pycache__", ".dev")
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignored)
    for file in ("alembic.ini", "pyproject.toml"):
        shutil.copy(ROOT / file, tmp_path)
    model = tmp_path / MODEL
    source = model.read_text(encoding="utf-8")
    edited = source.replace(
        "__table_args__ = (\n",
        '__table_args__ = (\n        CheckConstraint("colour <> \'\'", name="colour_not_empty"),\n',
    ).replace(
        "    created_at:", "    colour: Mapped[str | None] = mapped_column(Text)\n    created_at:"
    )
    model.write_text(edited, encoding="utf-8")
    return tmp_path


def run(tree: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command],
        env={**os.environ, "PYTHONPATH": str(tree), **variables},
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_what_the_models_changed_becomes_the_next_migration(
    tree: Path, server_set: ServerSet
) -> None:
    done = run(tree, "dev.new_migration", "add_colour", TEST_DATABASE_URL=server_set.database_url)

    assert (done.stderr, done.returncode) == ("", 0)
    assert done.stdout.startswith(f"{WRITTEN} is written")
    source = (tree / WRITTEN).read_text(encoding="utf-8")
    assert 'op.add_column("cars", sa.Column("colour"' in source
    assert "ck_cars_colour_not_empty" in source
    assert f'SCHEMA_REVISION = "{NEXT}"' in (tree / SCHEMA).read_text(encoding="utf-8")
    for lint in (("check",), ("format", "--check")):
        linted = run(tree, "ruff", *lint, "alembic", str(SCHEMA))
        assert linted.returncode == 0, linted.stdout
    with server_set.fresh_database("migration") as url:
        for step in (("upgrade", "head"), ("check",), ("downgrade", "-1")):
            migrated = run(tree, "alembic", *step, DATABASE_URL=url)
            assert migrated.returncode == 0, migrated.stdout + migrated.stderr


@pytest.mark.parametrize("name", [(), ("",), ("Add Colour",), ("../add",), ("a" * 41,)])
def test_a_wrong_or_missing_name_is_one_clear_line(name: tuple[str, ...]) -> None:
    done = run(ROOT, "dev.new_migration", *name)

    assert done.stderr.startswith("make migration NAME=add_colour: found '")
    assert done.stderr.count("\n") == 1
    assert (done.stdout, done.returncode) == ("", 2)


@pytest.mark.parametrize("name", ["add_colour", "a", "index2", "a" * 40])
def test_a_name_fit_for_a_file_is_taken(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize("name", ["add__colour", "_a", "a_", "2nd", "añadir", "a-b", "a\n"])
def test_a_name_unfit_for_a_file_is_not_taken(name: str) -> None:
    assert not is_name(name)


def test_where_the_worker_knows_another_revision_nothing_is_written(tree: Path) -> None:
    schema = tree / SCHEMA
    schema.write_text(
        schema.read_text("utf-8").replace(f'"{SCHEMA_REVISION}"', '"0003"'), encoding="utf-8"
    )

    done = run(tree, "dev.new_migration", "add_colour")

    expected = f"the newest migration is {SCHEMA_REVISION}, {SCHEMA} has SCHEMA_REVISION 0003\n"
    assert (done.stderr, done.returncode) == (expected, 1)
    assert not (tree / WRITTEN).exists()
