"""A folder for one run; the next run cleans up after a killed one."""

import fcntl
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from dev.servers.compose import ComposeServers
from dev.servers.errors import ServersUnavailableError
from dev.servers.process import end_recorded_processes
from dev.servers.signals import undisturbed

RUNS = Path(__file__).resolve().parents[2] / ".dev" / "runs"


@contextmanager
def run_folder() -> Iterator[Path]:
    """Yield a new folder; at the end, stop the processes started in it and remove it.

    The run holds a lock, which the system releases when the run is killed: a free lock marks an
    abandoned folder. Runs can be concurrent.
    """
    RUNS.mkdir(parents=True, exist_ok=True)
    clear_abandoned()
    folder = RUNS / secrets.token_hex(4)
    unseen = folder.with_suffix(".new")
    with unseen.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        unseen.rename(_lock_of(folder))  # no other run may see it before it is locked
        folder.mkdir()
        try:
            yield folder
        finally:
            with undisturbed():
                _clear(folder)


def clear_abandoned() -> None:
    """Clean up after killed runs; active runs hold their lock and are not touched."""
    for path in RUNS.glob("*.lock"):
        with suppress(FileNotFoundError), path.open("r+") as lock:
            if _taken(lock):
                _clear(path.with_suffix(""))


def _taken(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _clear(folder: Path) -> None:
    if folder.exists():
        end_recorded_processes(folder)
        with suppress(ServersUnavailableError):
            ComposeServers(folder).down()
        shutil.rmtree(folder, ignore_errors=True)
    _lock_of(folder).unlink(missing_ok=True)


def _lock_of(folder: Path) -> Path:
    return folder.with_suffix(".lock")
