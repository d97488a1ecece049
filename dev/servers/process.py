"""One server process, with a pid file by which a later run can end it."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from dev.servers.errors import ServersUnavailableError

_PID_FILE_SUFFIX = ".pid"
_POSTMASTER_FILE = "postmaster.pid"
_ENDINGS = ((signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))
# Our own children by process id: ending one must collect its exit code, or it stays a zombie.
_children: dict[int, subprocess.Popen[bytes]] = {}


class ServerProcess:
    """A child in a separate session, so that Ctrl-C reaches this process but not the server."""

    def __init__(
        self, name: str, command: Sequence[str], *, folder: Path, env: Mapping[str, str]
    ) -> None:
        """Start the command in the folder; its output goes to `NAME.out` there."""
        self.name = name
        self._output = folder / f"{name}.out"
        with self._output.open("ab") as output:
            self._child = subprocess.Popen(
                command,
                cwd=folder,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        record(self._child, folder / f"{name}{_PID_FILE_SUFFIX}")

    @property
    def pid(self) -> int:
        """The process id."""
        return self._child.pid

    @property
    def running(self) -> bool:
        """Whether the process is running."""
        return self._child.poll() is None

    def end(self, with_signal: signal.Signals, *, timeout: float = 60) -> None:
        """Send the signal and wait for the end; does nothing if the process has ended."""
        if self.running:
            self._child.send_signal(with_signal)
        self._child.wait(timeout)

    def send(self, with_signal: signal.Signals) -> None:
        """Send the signal without waiting for what it does."""
        self._child.send_signal(with_signal)

    def signal_family(self, with_signal: signal.Signals) -> None:
        """Send the signal to the process and its children.

        PostgreSQL's children outlive a killed postmaster, and go on while it is stopped.
        """
        if self.running:
            before = children_of(self.pid)  # whose parent is another one once it is killed
            _send(self.pid, with_signal)
            for pid in {*before, *children_of(self.pid)}:
                _send(pid, with_signal)

    def wait_until(self, ready: Callable[[], bool], *, timeout: float) -> None:
        """Wait for the server to be ready; if it fails, raise an error with its output."""
        deadline = time.monotonic() + timeout
        while not (self.running and ready()):
            if not self.running or time.monotonic() > deadline:
                raise ServersUnavailableError(f"{self.name} did not start:\n{self.last_words()}")
            time.sleep(0.05)

    def last_words(self) -> str:
        """Return the end of what the process printed."""
        return "\n".join(self._output.read_text(errors="replace").splitlines()[-12:])


def record(child: subprocess.Popen[bytes], pid_file: Path) -> None:
    """Write the process to a file, for `end_recorded_processes`."""
    pid = child.pid
    _children[pid] = child
    pid_file.write_text(f"{pid} {_birth(pid)}\n")


def still_running() -> list[str]:
    """The commands of our own children that have not ended."""
    return [str(child.args) for child in _children.values() if child.poll() is None]


def children_of(pid: int) -> list[int]:
    """The process ids of its children; empty where there is no `/proc`."""
    children = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:  # it has ended
            continue
        if parent == pid:
            children.append(int(stat.parent.name))
    return children


def end_recorded_processes(folder: Path, *, at_once: bool = False) -> None:
    """End every process recorded anywhere in the folder, and its children.

    SIGQUIT is PostgreSQL's immediate shutdown, which also removes its children and its shared
    memory, unlike SIGKILL. Processes that ignore it are killed.
    """
    recorded = [
        entry
        for file in folder.rglob(f"*{_PID_FILE_SUFFIX}")
        if (entry := _recorded(file)) is not None
    ]
    left = recorded + [(child, _birth(child)) for pid, _ in recorded for child in children_of(pid)]
    for with_signal, patience in _ENDINGS[at_once:]:
        for pid, _ in left:
            _send(pid, with_signal)
        left = _still_there_after(patience, left)


def _recorded(pid_file: Path) -> tuple[int, str] | None:
    """The recorded process, if it is still the same one: process ids are reused."""
    if pid_file.name == _POSTMASTER_FILE:
        return _postmaster(pid_file)
    pid, _, birth = pid_file.read_text().strip().partition(" ")
    if not pid.isdigit() or not birth or _birth(int(pid)) != birth:
        return None
    return int(pid), birth


def _postmaster(pid_file: Path) -> tuple[int, str] | None:
    """A PostgreSQL that runs on this data: Patroni starts one, which outlives it."""
    pid = pid_file.read_text().partition("\n")[0]
    try:
        is_ours = (Path("/proc") / pid / "cwd").samefile(pid_file.parent)
    except OSError:
        return None
    return (int(pid), _birth(int(pid))) if is_ours else None


def _send(pid: int, with_signal: signal.Signals) -> None:
    try:
        os.kill(pid, with_signal)
    except ProcessLookupError:
        return


def _still_there_after(patience: float, entries: list[tuple[int, str]]) -> list[tuple[int, str]]:
    deadline = time.monotonic() + patience
    while entries and time.monotonic() < deadline:
        entries = [(pid, birth) for pid, birth in entries if _birth(pid) == birth]
        time.sleep(0.02)
    return entries


def _birth(pid: int) -> str:
    """The start time of the process in the system's format; empty if it has ended."""
    if pid in _children and _children[pid].poll() is not None:
        return ""
    proc = Path("/proc")
    return _birth_by_proc(proc / str(pid)) if (proc / "self").exists() else _birth_by_ps(pid)


def _birth_by_proc(process: Path) -> str:
    """Read Linux's `/proc`, since small containers have no `ps`. A zombie has ended."""
    try:
        fields = (process / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    state, started = fields[0], fields[19]
    return "" if state in "ZX" else started


def _birth_by_ps(pid: int) -> str:
    command = ["ps", "-o", "lstart=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
