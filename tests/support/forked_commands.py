"""Starts commands of the worker without the second that its imports take."""

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO, BinaryIO

from dev.worker_process import Process
from dev.worker_process import launch as launch_anew

ROOT = Path(__file__).parents[2]
_PRELOADED = "tests.support.preloaded_python"


class ForkedProcess:
    """A process that the preloaded Python has forked; used like a `subprocess.Popen`."""

    def __init__(self, teller: socket.socket) -> None:
        self._teller = teller
        self.pid = int(teller.recv(32))
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit code, None while it runs."""
        return self._read_end(0)

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once there is one."""
        code = self._read_end(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        """Does nothing if it has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):  # it has ended, and its exit code is on its way
                os.kill(self.pid, number)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def _read_end(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._teller], [], [], timeout)[0]:
            self.returncode = int(self._teller.recv(32))
            self._teller.close()
        return self.returncode


def fork(
    *command: str, environment: Mapping[str, str], streams: tuple[int, int, int]
) -> ForkedProcess:
    """Runs a module with arguments; `streams` are its input, output and error output."""
    return ForkedProcess(_ask(command, environment, streams))


def launch(command: Sequence[str], environment: Mapping[str, str], log: BinaryIO) -> Process:
    """For a `WorkerProcess`: forks what is `python -m` in our locale, and starts anything else."""
    if tuple(command[:2]) != (sys.executable, "-m") or _of_start(environment) != _of_start(
        os.environ
    ):
        return launch_anew(command, environment, log)
    with Path(os.devnull).open() as nothing:
        streams = nothing.fileno(), log.fileno(), log.fileno()
        return fork(*command[2:], environment=environment, streams=streams)


class ForkedCommand(ForkedProcess):
    """One whose output and error output are kept."""

    def __init__(self, teller: socket.socket, out: IO[str], err: IO[str]) -> None:
        super().__init__(teller)
        self._out = out
        self._err = err

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """What it has printed, once it has ended."""
        self.wait(timeout)
        self._out.seek(0)
        self._err.seek(0)
        printed = self._out.read(), self._err.read()
        self.close()
        return printed

    def close(self) -> None:
        """Forgets what it has printed."""
        self._out.close()
        self._err.close()


def start(*command: str, environment: Mapping[str, str], given: bytes = b"") -> ForkedCommand:
    """Runs a module with arguments and this standard input."""
    out = tempfile.TemporaryFile("w+")  # noqa: SIM115 - `close` closes it
    err = tempfile.TemporaryFile("w+")  # noqa: SIM115 - and this
    with tempfile.TemporaryFile() as standard_input:
        standard_input.write(given)
        standard_input.seek(0)
        streams = standard_input.fileno(), out.fileno(), err.fileno()
        return ForkedCommand(_ask(command, environment, streams), out, err)


def run(
    *command: str, environment: Mapping[str, str], timeout: float, given: bytes = b""
) -> subprocess.CompletedProcess[str]:
    """Like `subprocess.run`, with what it prints as text."""
    process = start(*command, environment=environment, given=given)
    try:
        out, err = process.communicate(timeout)
    finally:
        process.kill()
    return subprocess.CompletedProcess(command, process.wait(), out, err)


def _ask(
    command: Sequence[str], environment: Mapping[str, str], streams: tuple[int, int, int]
) -> socket.socket:
    """Has a command started; the socket tells its process id, and later its exit code."""
    teller = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    teller.connect(_preloaded_python())
    request = {"command": command, "environment": dict(environment), "folder": str(ROOT)}
    socket.send_fds(teller, [json.dumps(request).encode()], streams)
    return teller


def _of_start(environment: Mapping[str, str]) -> dict[str, str]:
    """What Python reads once, when it starts."""
    return {k: v for k, v in environment.items() if k.startswith(("PYTHON", "LC_", "LANG"))}


@cache
def _preloaded_python() -> str:
    """Where it listens; it ends with this process."""
    folder = tempfile.TemporaryDirectory()
    address = f"{folder.name}/preloaded"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(address)
        listener.listen(64)
        process = subprocess.Popen(
            [sys.executable, "-m", _PRELOADED, str(listener.fileno())],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            pass_fds=[listener.fileno()],
        )

    def end() -> None:
        process.communicate()
        folder.cleanup()

    atexit.register(end)
    return address
