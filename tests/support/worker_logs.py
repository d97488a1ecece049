"""A pytest plugin: the report of a failed test shows what the workers logged during it."""

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

LONGEST_LOG_BYTES = 16 * 1024
"""How much of the end of each log is shown."""

_BEGAN = pytest.StashKey[float]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    began = item.stash.setdefault(_BEGAN, call.start)
    report = yield
    if report.failed:
        for log in _logs_written_since(began, item):
            report.sections.append((f"Worker log {log.parent.name}/{log.name}", _end_of(log)))
    return report


def _logs_written_since(began: float, item: pytest.Item) -> Iterator[Path]:
    """The `*.log` files in pytest's folders: also those of a worker that a whole module shares."""
    folders: pytest.TempPathFactory | None = getattr(item, "funcargs", {}).get("tmp_path_factory")
    if folders is not None:
        for log in sorted(folders.getbasetemp().glob("*/*.log")):
            if not log.parent.is_symlink() and log.stat().st_mtime >= began:
                yield log


def _end_of(log: Path) -> str:
    content = log.read_bytes()
    end = content[-LONGEST_LOG_BYTES:].decode(errors="replace")
    return end if len(content) <= LONGEST_LOG_BYTES else f"…{end}"
