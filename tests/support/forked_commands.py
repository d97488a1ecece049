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
from functools import cache
from pathlib import Path
from typing import BinaryIO

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
    teller = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    teller.connect(_preloaded_python())
    request = {"command": command, "environment": dict(environment), "folder": str(ROOT)}
    socket.send_fds(teller, [json.dumps(request).encode()], streams)
    return ForkedProcess(teller)


def launch(command: Sequence[str], environment: Mapping[str, str], log: BinaryIO) -> Process:
    """For a `WorkerProcess`: forks what is `python -m` in our locale, and starts anything else."""
    if tuple(command[:2]) != (sys.executable, "-m") or _of_start(environment) != _of_start(
        os.environ
    ):
        return launch_anew(command, environment, log)
    with Path(os.devnull).open() as nothing:
        streams = nothing.fileno(), log.fileno(), log.fileno()
        return fork(*command[2:], environment=environment, streams=streams)


def run(
    *command: str, environment: Mapping[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    """Like `subprocess.run`, with what it prints as text."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        with Path(os.devnull).open() as nothing:
            streams = nothing.fileno(), out.fileno(), err.fileno()
            process = fork(*command, environment=environment, streams=streams)
        try:
            code = process.wait(timeout)
        finally:
            process.kill()
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(command, code, out.read(), err.read())


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
