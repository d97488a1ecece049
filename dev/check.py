"""`make check`: run every tool, also after one failed, then say which failed."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]

_ON_A_MIGRATED_DATABASE = ("python", "-m", "dev.with_servers", "--database-only", "--", "sh", "-c")


@dataclass(frozen=True, slots=True)
class Tool:
    """`fixable` is a command that ends with 1 where `make format` would change something."""

    name: str
    command: Sequence[str]
    fixable: Sequence[str] = ()


TOOLS = (
    Tool(
        "ruff format",
        ("ruff", "format", "--check", "."),
        fixable=("ruff", "format", "--check", "--quiet", "."),
    ),
    Tool(
        "ruff check",
        ("ruff", "check", "."),
        fixable=("ruff", "check", "--diff", "--quiet", "."),
    ),
    Tool("mypy", ("mypy", "worker", "dev", "tests", "benchmarks")),
    Tool("lint-imports", ("lint-imports",)),
    Tool("alembic check", (*_ON_A_MIGRATED_DATABASE, "alembic upgrade head && alembic check")),
    Tool(
        "CHECK constraints",
        (*_ON_A_MIGRATED_DATABASE, "alembic upgrade head && python -m dev.check_constraints"),
    ),
)


def main() -> int:
    """Return 1 if any tool failed."""
    try:
        return run_all(TOOLS, ROOT)
    except KeyboardInterrupt:
        return 130


def run_all(tools: Sequence[Tool], folder: Path) -> int:
    """Run the tools in this folder, each with its output on the terminal."""
    failed = [tool for tool in tools if not _passes(tool, folder)]
    if not failed:
        return 0
    names = ", ".join(tool.name for tool in failed)
    print(f"\n{len(failed)} of {len(tools)} checks failed: {names}", file=sys.stderr)
    if any(_is_fixable(tool, folder) for tool in failed):
        print("`make format` formats the code and fixes some of the lint", file=sys.stderr)
    return 1


def _passes(tool: Tool, folder: Path) -> bool:
    print(f"── {tool.name}", flush=True)
    return subprocess.run(tool.command, cwd=folder, check=False).returncode == 0


def _is_fixable(tool: Tool, folder: Path) -> bool:
    if not tool.fixable:
        return False
    silent = subprocess.run(tool.fixable, cwd=folder, capture_output=True, check=False)
    return silent.returncode == 1


if __name__ == "__main__":
    sys.exit(main())
